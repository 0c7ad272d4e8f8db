import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { bearer } from '../../local/apis.ts';
import { privateFolder } from '../../local/guard.ts';
import { envoyYaml, type Stack, startStack } from '../../local/stack.ts';
import { add } from '../../src/add/add-command.ts';
import { send } from './support/send.ts';

describe('an envoy.yaml to which attache add has added integrations', () => {
  let stack: Stack;

  beforeAll(async () => {
    const config = join(privateFolder(), 'envoy.yaml');
    copyFileSync(envoyYaml, config);
    const printed = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    expect(await add('resend', { file: config })).toBe(0);
    expect(await add('elevenlabs', { file: config })).toBe(0);
    expect(await add('mine', { file: config, target: 'https://api.mine.example', basic: '{{ id }}:{{ key }}' })).toBe(
      0,
    );
    for (const name of ['telegram', 'serpapi', 'github-git', 'gmail', 'spotify']) {
      expect(await add(name, { file: config })).toBe(0);
    }
    expect(await add('aws-sqs', { file: config, region: 'eu-west-1' })).toBe(0);
    printed.mockRestore();
    stack = await startStack({
      config,
      attache: false,
      upstream: {
        hosts: {
          'api.resend.com': (headers) => bearer(headers.authorization),
          'api.elevenlabs.io': (headers) => String(headers['xi-api-key']),
          'api.mine.example': (headers) => headers.authorization,
          'api.telegram.org': (_, path) => /^\/bot([^/]*)\/v1\/things$/.exec(path)?.[1],
          'serpapi.com': (_, path) => /^\/v1\/things\?api_key=(.*)$/.exec(path)?.[1],
          'sqs.eu-west-1.amazonaws.com': (headers) => /Credential=(\w+)\//.exec(headers.authorization ?? '')?.[1],
        },
      },
    });
    await stack.aws.put('prod/resend', JSON.stringify({ api_key: 'resend-key' }));
    await stack.aws.put('prod/elevenlabs', JSON.stringify({ api_key: 'elevenlabs-key' }));
    await stack.aws.put('prod/mine', JSON.stringify({ id: 'me', key: 'my-key' }));
    await stack.aws.put('prod/telegram', JSON.stringify({ bot_token: 'telegram-key' }));
    await stack.aws.put('prod/serpapi', JSON.stringify({ api_key: 'serpapi-key' }));
    await stack.aws.put('prod/aws-sqs', JSON.stringify({ access_key_id: 'AKIDEXAMPLE', secret_access_key: 'sqs-key' }));
    await stack.startAttache();
    stack.upstream.accept('api.telegram.org', 'telegram-key');
    stack.upstream.accept('serpapi.com', 'serpapi-key');
    stack.upstream.accept('sqs.eu-west-1.amazonaws.com', 'AKIDEXAMPLE');
    stack.upstream.accept('api.resend.com', 'resend-key');
    stack.upstream.accept('api.elevenlabs.io', 'elevenlabs-key');
    stack.upstream.accept('api.mine.example', `Basic ${Buffer.from('me:my-key').toString('base64')}`);
  });
  afterAll(() => stack?.stop());

  const names = ['resend', 'elevenlabs', 'mine', 'stripe', 'telegram', 'serpapi', 'aws-sqs'];

  it.each(names)('sends a request to %s with its key', async (name) => {
    const domains = [`${name}.int`, `${name}.int.localhost:${stack.port}`];
    for (const host of domains) {
      const reply = await send(stack.port, { host, path: '/v1/things', headers: { 'xi-api-key': 'bogus' } });

      expect(reply.status).toBe(200);
    }
  });
});
