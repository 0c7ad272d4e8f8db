import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startAws } from '../../local/aws.ts';
import { privateFolder } from '../../local/guard.ts';
import { findEnvoy } from '../../local/tools.ts';
import { startTokenFront } from '../../test/support/token-endpoint/token-front.ts';
import { startDestination } from './destination.ts';
import { DESTINATIONS, SECRET, type Wishes } from './envoy-file.ts';
import type { Ground } from './targets.ts';

/** What is asked for of everything that is measured. */
export interface GroundOptions extends Omit<Wishes, 'tokenUrl'> {
  readonly tokens: boolean;
  /** Whether Attaché's own log has each decision. */
  readonly audit: boolean;
  readonly envoyThreads: number;
}

/** Starts what all targets share: the destination, AWS, and who gives tokens. It ends with this process. */
export async function prepareGround({ tokens, audit, envoyThreads, ...wishes }: GroundOptions): Promise<Ground> {
  const [tool, aws] = await Promise.all([findEnvoy(), startAws()]);
  const destination = await startDestination(tool, DESTINATIONS);
  const upstreamCa = join(privateFolder(), 'ca.pem');
  await writeFile(upstreamCa, destination.ca);
  const secret = tokens
    ? { client_id: 'bench', client_secret: 'bench' }
    : { api_key: 'a-key-of-the-usual-length-123456' };
  await aws.put(SECRET, JSON.stringify(secret));
  return {
    tool,
    wishes: { ...wishes, tokenUrl: tokens ? (await startTokenFront(token)).tokenUrl : undefined },
    envoyThreads,
    destination: { upstreamPort: destination.port, upstreamCa },
    aws: aws.environment,
    env: audit ? { ATTACHE_AUDIT: 'all' } : {},
  };
}

function token() {
  const answer = { access_token: 'a-token-of-the-usual-length-1234567890', token_type: 'Bearer', expires_in: 3_600 };
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(answer) };
}
