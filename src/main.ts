#!/usr/bin/env node
import { Command, Option } from 'commander';
import type { AddOptions } from './add/add-command.ts';
import type { FileOptions } from './add/edit-file.ts';
import type { CertsOptions } from './certs/certs-command.ts';
import type { InitOptions } from './init/init-command.ts';
import { CatalogueError } from './integrations/problem.ts';
import { readSettings, SETTINGS, type SettingName, SettingsError } from './settings.ts';

const program = new Command('attache')
  .description(
    'Adds API keys from AWS Secrets Manager to requests that pass through Envoy, so that programs hold none.',
  )
  .showHelpAfterError('Type attache --help for what there is.');

const serve = program.command('serve', { isDefault: true }).description('answer Envoy (the default)');
for (const { flag, variable, description, alone, fallback } of SETTINGS) {
  const option = new Option(
    `${flag} ${alone === undefined ? '<value>' : '[value]'}`,
    `${description} (${variable}; default ${fallback})`,
  );
  serve.addOption(alone === undefined ? option : option.preset(alone));
}
serve.action(async (flags: Partial<Record<SettingName, string>>) => {
  // Each command loads only what it needs: the AWS SDK alone takes longer to load than all the rest.
  const { serve: run } = await import('./serve.ts');
  await run(readSettings(process.env, flags));
});

program
  .command('check')
  .description('find in the configuration what would fail later, and say how to mend it')
  .argument(
    '[file]',
    'an Envoy configuration or a plain list of integrations',
    process.env.ATTACHE_CONFIG ?? 'envoy/envoy.yaml',
  )
  .option('--aws', 'also read each secret and look for its fields')
  .option(
    '--no-envoy',
    'do not ask the Envoy that is installed (ENVOY_BIN, else on the PATH) whether it would start with the file, for which it loads the scripts and modules that the file names',
  )
  .action(async (file: string, options: { aws?: boolean; envoy: boolean }) => {
    const { check } = await import('./check/check-command.ts');
    const { fetchDeadline } = readSettings(process.env);
    process.exitCode = await check(file, { aws: options.aws === true, envoy: options.envoy, fetchDeadline });
  });

program
  .command('add')
  .description('write an integration into the configuration, and say how to use it')
  .argument('[name]', 'an API of the catalogue, such as stripe, or a name of your choice for --target')
  .option('--list', 'show the catalogue')
  .option('--json', 'show it as JSON')
  .addOption(fileOption())
  .option('--secret <name or ARN>', 'the secret in AWS Secrets Manager (default: prod/NAME)')
  .option('--name <name>', "the integration's name, and that of its host NAME.int (default: NAME)")
  .option('--host <host>', "in place of the catalogue's host")
  .option('--region <region>', 'the AWS Region, for a service of AWS')
  .option('--target <url>', 'an API that is not in the catalogue, such as https://api.example.com')
  .option('--bearer <template>', "how the key is sent: as a bearer token, '{{ api_key }}'")
  .option('--basic <template>', "as user and password, '{{ user }}:{{ password }}'")
  .option('--header <name=template>', "in a header, 'x-api-key={{ api_key }}'; may stand several times", oneMore)
  .option('--query <name=template>', "in the query, 'key={{ api_key }}'; may stand several times", oneMore)
  .option('--path <template>', "before the path, '/bot{{ token }}'")
  .option('--aws-sigv4 <service:region>', 'by a signature of AWS, sns:eu-west-1')
  .option('--max-body <size>', 'the largest body that is signed for AWS, up to 16MiB (default: 4MiB)')
  .option('--caller <rule>', 'who may use it, tag:agents or 10.1.0.0/16; may stand several times', oneMore)
  .option('--allow <rule>', "what may be requested, 'GET /v1/**'; may stand several times", oneMore)
  .option(
    '--keep <header>',
    "a caller's own header that is passed on, such as cookie; may stand several times",
    oneMore,
  )
  .option(
    '--strip <name>',
    "a caller's own header or query:name that goes no further, besides those that never do; may stand several times",
    oneMore,
  )
  .option('--lane <lane>', 'express has Envoy put the key in by itself, and ask only after a refusal')
  .option('--redact', 'take what is injected out of responses')
  .option('--cluster <name>', "the new route's cluster (default: the one of the other integrations)")
  .addOption(adminOption())
  .option('--print', 'show what would be added, and write nothing')
  .action(async (name: string | undefined, options: AddOptions) => {
    const { add } = await import('./add/add-command.ts');
    process.exitCode = await add(name, options);
  });

program
  .command('remove')
  .description('take an integration out of the configuration; its secret stays in AWS')
  .argument('<name>', "the integration's name, as attache list shows it")
  .addOption(fileOption())
  .addOption(adminOption())
  .action(async (name: string, options: FileOptions) => {
    const { remove } = await import('./add/remove-command.ts');
    process.exitCode = await remove(name, options);
  });

program
  .command('rename')
  .description('give an integration another name, and with it another address; its secret stays the same')
  .argument('<old>', "the integration's name, as attache list shows it")
  .argument('<new>', 'its name from now on, and that of its host NEW.int')
  .addOption(fileOption())
  .addOption(adminOption())
  .action(async (name: string, next: string, options: FileOptions) => {
    const { rename } = await import('./add/rename-command.ts');
    process.exitCode = await rename(name, next, options);
  });

program
  .command('list')
  .description('show the integrations of the configuration')
  .addOption(fileOption())
  .option('--json', 'show them as JSON, with all of their addresses and rules')
  .action(async (options: { file: string; json?: boolean }) => {
    const { list } = await import('./add/list-command.ts');
    process.exitCode = list(options);
  });

program
  .command('init')
  .description('put into an Envoy configuration of yours what Attaché needs, and say each step')
  .argument('<file>', 'the YAML or JSON with which Envoy is started; all else in it stays as it is, to the byte')
  .option(
    '--listener <name>',
    'add integrations to this listener of the file, by its name or stat_prefix (default: a new one, on 127.0.0.1)',
  )
  .option('--listen <address:port>', 'where the new listener is (default: 127.0.0.1 and the first free port from 8080)')
  .option('--print', 'show every line that would be added, and write nothing')
  .option('--undo', 'put the file back as it was')
  .action(async (file: string, options: InitOptions) => {
    const { init } = await import('./init/init-command.ts');
    process.exitCode = await init(file, options);
  });

program
  .command('certs')
  .description(
    'make a private CA, and certificates for the TLS listeners of envoy.yaml and for callers; keeps what is there',
  )
  .argument('<dir>', 'where they are put: the folder of envoy.yaml')
  .option('--client <spiffe ID>', 'a caller, such as spiffe://acme/agents/build; may stand several times', oneMore)
  .option(
    '--name <host>',
    'a name of the server (default: the domains of envoy.yaml, localhost and 127.0.0.1); may stand several times',
    oneMore,
  )
  .option(
    '--days <number>',
    'how long certificates of server and callers are valid, up to 825; the CA is for ten years',
    '365',
  )
  .option(
    '--file <file>',
    "Envoy's configuration (default: envoy.yaml in <dir>, else ATTACHE_CONFIG or envoy/envoy.yaml)",
  )
  .action(async (directory: string, options: CertsOptions) => {
    const { certs } = await import('./certs/certs-command.ts');
    process.exitCode = await certs(directory, options);
  });

program
  .command('status')
  .description('show how a running Attaché and its secrets are doing')
  .option('--admin <host:port>', 'address of its admin server', process.env.ATTACHE_ADMIN ?? '127.0.0.1:9464')
  .option('--json', 'print it as JSON')
  .action(async (options: { admin: string; json?: boolean }) => {
    const { status } = await import('./admin/status-command.ts');
    process.exitCode = await status(options.admin, { json: options.json === true });
  });

try {
  await program.parseAsync();
} catch (error) {
  const expected = error instanceof CatalogueError || error instanceof SettingsError;
  process.stderr.write(
    `${expected ? error.message : `attache: ${error instanceof Error ? error.message : String(error)}`}\n`,
  );
  process.exit(1);
}

function fileOption(): Option {
  return new Option('--file <file>', 'an Envoy configuration or a plain list of integrations').default(
    process.env.ATTACHE_CONFIG ?? 'envoy/envoy.yaml',
  );
}

function adminOption(): Option {
  return new Option(
    '--admin <host:port>',
    'admin server of the Attaché that runs, which is asked whether it has taken the edit over (default: ATTACHE_ADMIN, else 127.0.0.1:9464)',
  );
}

function oneMore(value: string, others: string[] | undefined): string[] {
  return [...(others ?? []), value];
}
