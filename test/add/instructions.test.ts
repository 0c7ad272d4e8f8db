import { describe, expect, it } from 'vitest';
import { addToText } from '../../src/add/add-to-text.ts';
import { instructions } from '../../src/add/instructions.ts';
import { wanted } from '../../src/add/wanted.ts';
import { initText } from '../../src/init/init-text.ts';
import type { PlanOptions } from '../../src/init/plan.ts';
import { foreign } from '../init/shapes.ts';
import { added, FILE, GOOD } from './support.ts';

function forForeign(file: string, options: PlanOptions): string {
  const integration = wanted('resend', {});
  return instructions(file, integration, addToText(file, initText(file, foreign(file), options).text, integration));
}

describe('what attache add says of how an integration is used', () => {
  it('names the hosts of envoy/envoy.yaml as they are', () => {
    const said = instructions(FILE, wanted('resend', {}), added(GOOD, 'resend'));

    expect(said).toContain('  curl http://resend.int/\n');
    expect(said).toContain('  curl http://resend.int.localhost:8080/    # from this machine, with npm start');
    expect(said).toContain('RESEND_BASE_URL=http://resend.int ');
  });

  it('names the port of another listener', () => {
    const said = forForeign('ext-authz.yaml', { listener: 'guarded' });

    expect(said).toContain('  curl http://resend.int:8083/\n');
    expect(said).toContain('RESEND_BASE_URL=http://resend.int:8083 ');
  });

  it('names TLS where callers speak it', () => {
    const said = forForeign('tls-inside.yaml', { listener: 'secure' });

    expect(said).toContain('  curl https://resend.int:8443/\n');
    expect(said).toContain('RESEND_BASE_URL=https://resend.int:8443 ');
  });

  it('names only what reaches a listener of the loopback address', () => {
    const said = forForeign('no-routes.yaml', {});

    expect(said).not.toContain('resend.int:');
    expect(said).toContain('  curl http://resend.int.localhost:8080/    # from the machine of Envoy\n');
    expect(said).toContain('RESEND_BASE_URL=http://resend.int.localhost:8080 ');
  });
});
