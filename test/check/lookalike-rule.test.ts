import { describe, expect, it } from 'vitest';
import { edited, findings, GOOD, placeOf } from './support.ts';

const SHOWN = '{ safe_regex: { regex: ".*[^a-z0-9:-].*" } }, ';
const WRITTEN = '|.*[^a-z0-9:-].*';
const ACTION = 'headers_with_underscores_action: ALLOW';

describe('attache check, with headers that are spelt with underscores', () => {
  it('finds that they are not shown to Attaché', async () => {
    const text = edited(GOOD, SHOWN, '');

    expect(await findings(text)).toEqual([
      expect.stringContaining(
        `${placeOf(text, '{ allowed_headers: { patterns: [{ exact: ":authority"')}: error: forward_rules keeps headers with underscores from Attaché`,
      ),
    ]);
  });

  it('finds that Attaché may not remove them', async () => {
    const text = edited(GOOD, WRITTEN, '');

    expect(await findings(text)).toEqual([
      expect.stringContaining(
        `${placeOf(text, '"authorization|proxy')}: error: mutation_rules does not let Attaché remove headers with underscores`,
      ),
    ]);
  });

  it.each(['REJECT_REQUEST', 'DROP_HEADER', '1', '2'])(
    'asks for neither where Envoy keeps them away by %s',
    async (action) => {
      const text = edited(edited(edited(GOOD, SHOWN, ''), WRITTEN, ''), ACTION, ACTION.replace('ALLOW', action));

      expect(await findings(text)).toEqual([]);
    },
  );

  it('knows what Envoy does with them when it is told nothing', async () => {
    const text = edited(edited(GOOD, SHOWN, ''), `common_http_protocol_options: { ${ACTION} }`, '');

    expect(await findings(text)).toEqual([
      expect.stringContaining('error: forward_rules keeps headers with underscores'),
    ]);
  });
});
