/** Where Envoy answers programs on this machine, with `npm start` and with docker compose. */
export const THIS_MACHINE = '127.0.0.1:8080';

/**
 * The line after which the programs of a shell reach every integration as `http://NAME.int`, though no resolver knows the name:
 * they hand such requests to Envoy. Python, Go, curl and others read `http_proxy`; Node does with NODE_USE_ENV_PROXY, from
 * 22.21 and 24.5 on (https://nodejs.org/api/cli.html#node_use_env_proxy1).
 *
 * @param address Envoy's own, such as `127.0.0.1:8080`.
 */
export function proxyLine(address: string): string {
  return `export http_proxy=http://${address} no_proxy=localhost,127.0.0.1 NODE_USE_ENV_PROXY=1`;
}
