import { describe, expect, it } from 'vitest';
import { secretShape } from '../../src/add/secret-shape.ts';
import { type WantedOptions, wanted } from '../../src/add/wanted.ts';
import { credentialLines, scalar } from '../../src/add/yaml-text.ts';
import type { CredentialBlock } from '../../src/vendors/vendor.ts';

const target = 'https://api.example.com';

describe('what attache add is told', () => {
  it('takes an API of the catalogue as it is', () => {
    expect(wanted('stripe', {})).toMatchObject({
      name: 'stripe',
      host: 'api.stripe.com',
      secret: 'prod/stripe',
      credential: { basic: { username: '{{ api_key }}' } },
    });
  });

  it('takes another name, host, secret and credential in place of the catalogue', () => {
    const options = { name: 'mailgun-eu', host: 'api.eu.mailgun.net', header: ['X-Api-Key={{ . }}'] };

    expect(wanted('mailgun', options)).toMatchObject({
      name: 'mailgun-eu',
      host: 'api.eu.mailgun.net',
      secret: 'prod/mailgun-eu',
      credential: { headers: { 'x-api-key': '{{ . }}' } },
    });
  });

  it('strips what the catalogue says, but for what is kept, set, or named in its place', () => {
    expect(wanted('gemini', {}).rules).toMatchObject({ strip: ['query:key'], keep: [] });
    expect(wanted('gemini', { keep: ['query:key', 'cookie'] }).rules).toMatchObject({ strip: [], keep: ['cookie'] });
    expect(wanted('gemini', { strip: ['x-a'] }).rules.strip).toEqual(['x-a']);
    expect(wanted('cloudflare', { header: ['x-auth-email={{ email }}'] }).rules.strip).toEqual([
      'x-auth-user-service-key',
    ]);
  });

  it.each([
    [undefined, 4_194_304],
    ['8MiB', 8_388_608],
    ['512 kib', 524_288],
    ['1000', 1_000],
    ['16MiB', 16_777_216],
  ])('holds back bodies of --max-body %s up to %i bytes', (maxBody, bytes) => {
    const options = { region: 'eu-west-1', ...(maxBody === undefined ? {} : { maxBody }) };

    expect(wanted('aws-sqs', options).largestBody).toBe(bytes);
  });

  it('puts the Region into the host and the credential', () => {
    expect(wanted('aws-sqs', { region: 'eu-west-1' })).toMatchObject({
      host: 'sqs.eu-west-1.amazonaws.com',
      credential: { aws_sigv4: { service: 'sqs', region: 'eu-west-1' } },
    });
  });

  it.each([
    ['eusc-de-east-1', 'sqs.eusc-de-east-1.amazonaws.eu'],
    ['cn-north-1', 'sqs.cn-north-1.amazonaws.com.cn'],
    ['us-gov-west-1', 'sqs.us-gov-west-1.amazonaws.com'],
  ])('knows the host in %s', (region, host) => {
    expect(wanted('aws-sqs', { region }).host).toBe(host);
  });

  it.each<[WantedOptions, object]>([
    [{ bearer: '{{ . }}' }, { bearer: '{{ . }}' }],
    [{ basic: '{{ id }}:{{ /a:b }}' }, { basic: { username: '{{ id }}', password: '{{ /a:b }}' } }],
    [{ basic: '{{ /a:b }}' }, { basic: { username: '{{ /a:b }}' } }],
    [{ basic: ':{{ key }}' }, { basic: { password: '{{ key }}' } }],
    [{ basic: 'api:{{ a }}:{{ b }}' }, { basic: { username: 'api', password: '{{ a }}:{{ b }}' } }],
    [{ header: ['X-Key: v1 {{ a }}', 'x-id={{ b }}'] }, { headers: { 'x-key': 'v1 {{ a }}', 'x-id': '{{ b }}' } }],
    [
      { bearer: '{{ a }}', header: ['x-id={{ b }}'] },
      { bearer: '{{ a }}', headers: { 'x-id': '{{ b }}' } },
    ],
    [{ query: ['key={{ a }}', 'unit=metric'] }, { query: { key: '{{ a }}', unit: 'metric' } }],
    [{ path: '/bot{{ token }}' }, { path: '/bot{{ token }}' }],
    [{ awsSigv4: 'sns:eu-west-1' }, { aws_sigv4: { service: 'sns', region: 'eu-west-1' } }],
    [{ awsSigv4: 'sns', region: 'eu-west-1' }, { aws_sigv4: { service: 'sns', region: 'eu-west-1' } }],
    [{ awsSigv4: 's3:eu-west-1' }, { aws_sigv4: { service: 's3', region: 'eu-west-1', payload: 'unsigned' } }],
    [
      { bearer: '{{ a }}', query: ['Key = {{ b }}'], path: '/x/{{ c }}' },
      { bearer: '{{ a }}', query: { Key: '{{ b }}' }, path: '/x/{{ c }}' },
    ],
  ])('takes any other API, with %j', (options, credential) => {
    expect(wanted('mine', { ...options, target: `${target}:8443/` })).toMatchObject({
      name: 'mine',
      host: 'api.example.com:8443',
      secret: 'prod/mine',
      credential,
      libraries: [],
    });
  });

  it.each<[string, WantedOptions, RegExp]>([
    ['strip', {}, /no API named "strip"; did you mean stripe\?.*--target/],
    ['nothing-like-it', {}, /no API named "nothing-like-it"; attache add --list/],
    ['mine', { target }, /nothing says how mine gets its key; add --bearer/],
    ['mine', { target: 'http://api.example.com', bearer: '{{ . }}' }, /not https, and a key goes out only over TLS/],
    ['mine', { target: `${target}/v1`, bearer: '{{ . }}' }, /more than a host/],
    ['mine', { target: 'https://u:p@api.example.com', bearer: '{{ . }}' }, /holds a user or a password/],
    ['mine', { target: 'api.example.com', bearer: '{{ . }}' }, /is no URL; write it as --target https:/],
    ['mine', { target, host: 'a.example', bearer: '{{ . }}' }, /leave --host out/],
    [
      'mine',
      { target, bearer: 'the-key-itself' },
      /^--bearer has no reference into the secret; .*never stands in this file/,
    ],
    ['mine', { target, bearer: '{{ a' }, /^--bearer .*braces/],
    ['mine', { target, basic: 'user:password' }, /^--basic has no reference into the secret/],
    ['mine', { target, header: ['x-api-key'] }, /^--header has no name and value/],
    ['mine', { target, header: ['x-a={{ . }}', 'X-A={{ . }}'] }, /^--header names x-a twice/],
    ['mine', { target, header: ['host={{ . }}'] }, /^--header host is a header that steers the message/],
    ['mine', { target, query: ['key'] }, /^--query has no name and value; write --query 'key=/],
    ['mine', { target, query: ['key={{ . }}', 'key={{ . }}'] }, /^--query names key twice/],
    ['mine', { target, query: ['key=the-key-itself'] }, /^--query has no reference into the secret/],
    ['mine', { target, path: 'bot{{ . }}' }, /^--path does not begin with \//],
    ['mine', { target, path: '/bot' }, /^--path has no reference into the secret/],
    ['mine', { target, region: 'eu-west-1', bearer: '{{ . }}' }, /leave --region out/],
    ['stripe', { region: 'eu-west-1' }, /^stripe is not a service of AWS.*leave --region out/],
    ['mine', { target, awsSigv4: 'sns' }, /^--aws-sigv4 sns names no Region; write --aws-sigv4 sns:eu-west-1/],
    ['mine', { target, awsSigv4: 'sns:a-b-1', region: 'c-d-1' }, /^--aws-sigv4 names a-b-1 and --region names c-d-1/],
    ['mine', { target, awsSigv4: 'S N S:eu-west-1' }, /^--aws-sigv4 service is no name of a service/],
    ['mine', { target, awsSigv4: 'sns:Ireland' }, /^--aws-sigv4 region is no AWS Region/],
    ['aws-sqs', { region: 'eu-west-1', maxBody: '17MiB' }, /^--max-body "17MiB" is no size from 1 byte to 16 MiB/],
    ['aws-sqs', { region: 'eu-west-1', maxBody: '0' }, /^--max-body "0" is no size/],
    ['aws-sqs', { region: 'eu-west-1', maxBody: 'much' }, /^--max-body "much" is no size/],
    ['aws-s3', {}, /^aws-s3 has a host in each Region; add --region/],
    ['aws-s3', { region: 'Ireland' }, /^--region "Ireland" is no AWS Region/],
    ['Mine', { target, bearer: '{{ . }}' }, /"Mine" is no name of an integration/],
    ['on', { target, bearer: '{{ . }}' }, /Envoy does not read on as a text/],
    ['a #b', { target, bearer: '{{ . }}' }, /"a #b" is no name of an integration/],
    ['', { target, bearer: '{{ . }}' }, /is no name|as a text/],
    ['stripe', { host: 'API.stripe.com' }, /capital letters/],
    ['stripe', { secret: 'two words' }, /no name of AWS Secrets Manager/],
  ])('is refused for %j with %j', (entry, options, message) => {
    expect(() => wanted(entry, options)).toThrow(message);
  });
});

describe('the shape of a secret', () => {
  it.each([
    [{ bearer: '{{ . }}' }, 'the key itself, no JSON'],
    [{ bearer: '{{ api_key }}' }, '{"api_key": "…"}'],
    [{ basic: { username: '{{ id }}', password: '{{ key }}' } }, '{"id": "…", "key": "…"}'],
    [{ headers: { a: '{{ /x/id }}', b: '{{ /x/k~1y }}' } }, '{"x": {"id": "…", "k/y": "…"}}'],
    [{ query: { key: '{{ api_key }}' }, path: '/bot{{ /bot/token }}' }, '{"api_key": "…", "bot": {"token": "…"}}'],
    [{ aws_sigv4: { service: 'sqs', region: 'eu-west-1' } }, '{"access_key_id": "…", "secret_access_key": "…"}'],
    [
      {
        oauth2: { grant: 'client_credentials', token_url: 'https://a.example/token' },
        headers: { 'x-id': '{{ client_id }}', 'x-team': '{{ team }}' },
      },
      '{"client_id": "…", "client_secret": "…", "team": "…"}',
    ],
    [{ github_app: {} }, String.raw`{"app_id": "…", "private_key": "-----BEGIN RSA PRIVATE KEY-----\n…"}`],
  ] satisfies [CredentialBlock, string][])('for %j is %s', (credential, shape) => {
    expect(secretShape(credential)).toBe(shape);
  });
});

describe('a text in YAML', () => {
  it.each([
    ...['api.stripe.com', 'prod/stripe', 'api.example.com:8443'],
    'arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/a-AbCdEf',
  ])('stands plain: %s', (text) => {
    expect(scalar(text)).toBe(text);
  });

  it.each(['yes', 'null', 'Off', '12:30', '1e3', '0x1', '[2001:db8::1]', 'a:', '192.0.2.1', '@a', '!a', '', 'a b'])(
    'stands in quotes: %j',
    (text) => {
      expect(scalar(text)).toBe(JSON.stringify(text));
    },
  );
});

describe('a credential in YAML', () => {
  it.each<[CredentialBlock, string[]]>([
    [{ path: '/bot{{ t }}', query: { key: '{{ a }}' } }, ['path: "/bot{{ t }}"', 'query: { key: "{{ a }}" }']],
    [{ github_app: {} }, ['github_app: {}']],
    [
      { github_app: { repositories: ['a/b'], permissions: { contents: 'read' } } },
      ['github_app: { repositories: [a/b], permissions: { contents: read } }'],
    ],
    [
      { oauth2: { grant: 'client_credentials', token_url: 'https://a.example/t', scopes: ['on', 'a.b'] } },
      ['oauth2: { grant: client_credentials, token_url: "https://a.example/t", scopes: ["on", a.b] }'],
    ],
    [
      { aws_sigv4: { service: 's3', region: 'eu-west-1', payload: 'unsigned' } },
      ['aws_sigv4: { service: s3, region: eu-west-1, payload: unsigned }'],
    ],
  ])('%j stands in a line for each kind', (credential, lines) => {
    expect(credentialLines(credential)).toEqual(lines);
  });
});
