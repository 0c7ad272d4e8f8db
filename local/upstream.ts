/** The upstream as a program of its own, for `docker compose --profile local`. */
import { Command } from 'commander';
import { apiNames, newKeys } from './apis.ts';
import { localAws, seed } from './aws.ts';
import { certificatesIn } from './certificates.ts';
import { until } from './until.ts';
import { startUpstream, upstreamNames } from './upstream-server.ts';

const program = new Command('node local/upstream.ts')
  .description(
    'A TLS server that plays api.stripe.com, api.openai.com and api.anthropic.com: 401 without the current key, else 200.',
  )
  .option(
    '--listen <address:port>',
    'where to listen; or UPSTREAM_LISTEN',
    process.env.UPSTREAM_LISTEN ?? '127.0.0.1:8443',
  )
  .option(
    '--certificates <folder>',
    'holds ca.pem, server.pem and server.key; made when they are not there; or UPSTREAM_CERTIFICATES',
    process.env.UPSTREAM_CERTIFICATES ?? '.local/certificates',
  )
  .option(
    '--aws <url>',
    'an AWS emulator whose Secrets Manager gets the keys, as prod/stripe and so on; or UPSTREAM_AWS',
    process.env.UPSTREAM_AWS,
  )
  .addHelpText(
    'after',
    `
The keys: STRIPE_KEY, OPENAI_KEY, ANTHROPIC_KEY in the environment. With --aws, those left out are made up.`,
  )
  .allowExcessArguments(false)
  .parse();

try {
  await run(program.opts());
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

async function run(options: { listen: string; certificates: string; aws?: string }): Promise<void> {
  const [, address, port] = /^\[?(.+?)\]?:(\d+)$/.exec(options.listen) ?? [];
  if (address === undefined || Number(port) > 65_535) {
    throw new Error(`--listen is "${options.listen}"; write an address and a port, like 0.0.0.0:8443`);
  }
  const keys = newKeys();
  for (const name of apiNames) {
    const variable = `${name.toUpperCase()}_KEY`;
    const given = process.env[variable];
    if (given) {
      keys[name] = given;
    } else if (options.aws === undefined) {
      throw new Error(`${variable} is not set: give the key that ${name} shall accept, or --aws to have keys made up`);
    }
  }
  const certificates = await certificatesIn(options.certificates, upstreamNames);
  const upstream = await startUpstream({ certificate: certificates.server, address, port: Number(port), keys });
  upstream.requests.subscribe(({ at, host, method, path, status }) => {
    console.log(`${at.toISOString()} ${host} ${method} ${path.split('?')[0]} ${status}`);
  });
  if (options.aws !== undefined) {
    const aws = localAws(options.aws);
    await until(() => seed(aws, keys), {
      failure: `Secrets Manager at ${options.aws} did not take the keys`,
      timeoutMs: 60_000,
      everyMs: 500,
    });
  }
  console.log(`listening on ${options.listen}; its CA is ${certificates.caFile}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, async () => {
      await upstream.stop();
      process.exit(0);
    });
  }
}
