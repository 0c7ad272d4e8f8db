import { readFileSync } from 'node:fs';
import { envoyYaml } from '../../local/stack.ts';

const FIRST = '            - name: stripe\n';

/**
 * The shipped envoy.yaml with integrations added before those that are in it: `api-0` for `api-0.example.com`, and so on.
 *
 * @param options.edit the last one's name has this number, so that each gives another file. Default 0.
 * @param options.share how many integrations share a secret: `prod/api-0`, and so on. Default 1.
 */
export function envoyFileOf(
  count: number,
  { edit = 0, share = 1 }: { readonly edit?: number; readonly share?: number } = {},
): string {
  const hosts = Array.from({ length: count }, (_, index) => {
    const name = index === count - 1 ? `api-${index}-${edit}` : `api-${index}`;
    return `            - name: ${name}
              domains: [${name}.int, ${name}.int.localhost]
              routes:
              - match: { prefix: / }
                route: { cluster: internet, host_rewrite_literal: ${name}.example.com, timeout: 0s, retry_policy: *fresh_secret_on_401 }
                metadata:
                  filter_metadata:
                    attache:
                      integration: ${name}
                      secret: prod/api-${Math.floor(index / share)}
                      callers: [10.0.0.0/8, 127.0.0.0/8, "spiffe://acme/agents/*", "claim:team=core"]
                      allow: ["GET /v1/**", "POST /v1/customers"]
                      bearer: "{{ . }}"
`;
  });
  const text = readFileSync(envoyYaml, 'utf8');
  const at = text.indexOf(FIRST);
  if (at < 0) throw new Error(`${envoyYaml} has no longer the line ${FIRST.trim()}`);
  return [text.slice(0, at), ...hosts, text.slice(at)].join('');
}
