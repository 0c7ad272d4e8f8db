import type { Row } from '../row.ts';
import { AWS_ENVIRONMENT } from './aws-environment.ts';

/** Agents and tools: `code` is a shell's. */
export const programs: readonly Row[] = [
  {
    api: 'anthropic',
    package: '@anthropic-ai/claude-code',
    code: `claude -p Hi --model claude-sonnet-4-5`,
    expect: ['POST /v1/messages'],
    from: 'npm',
    env: { ANTHROPIC_API_KEY: 'sk-ant-madeup', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1' },
    group: 'agents',
  },
  {
    api: 'openai',
    package: '@openai/codex',
    code: `{line} exec --skip-git-repo-check Hi`,
    expect: ['POST /v1/responses'],
    from: 'npm',
    env: { OPENAI_API_KEY: 'madeup', CODEX_API_KEY: 'madeup' },
    group: 'agents',
  },
  {
    api: 'openai',
    package: 'aider-chat',
    code: `aider --model gpt-4.1 --message Hi --yes-always --no-git --no-check-update --no-show-model-warnings`,
    expect: ['POST /v1/chat/completions'],
    from: 'PyPI',
    env: { OPENAI_API_KEY: 'madeup' },
    group: 'aider',
    besides: ['raw.githubusercontent.com'],
  },
  {
    api: 'github-git',
    package: 'git',
    code: `{line}`,
    expect: ['GET /OWNER/REPOSITORY.git/info/refs'],
    from: 'system',
    options: { basic: 'x-access-token:{{ token }}' },
  },
  {
    api: 'github',
    package: 'gh',
    code: `{line}`,
    expect: ['GET /repos/OWNER/REPOSITORY'],
    from: 'system',
  },
  {
    api: 'sentry',
    package: '@sentry/cli',
    code: `sentry-cli --auth-token madeup organizations list`,
    expect: ['GET /api/0/organizations/'],
    from: 'npm',
    group: 'sentry',
  },
  {
    api: 'github-npm',
    package: 'npm',
    code: `{line} --no-audit --no-fund @owner/example`,
    expect: ['GET /@owner%2fexample', 'GET /download/@owner/example/1.0.0/0123'],
    from: 'npm',
    group: 'npm',
    answers: {
      '/@owner%2fexample': {
        body: {
          name: '@owner/example',
          'dist-tags': { latest: '1.0.0' },
          versions: {
            '1.0.0': {
              name: '@owner/example',
              version: '1.0.0',
              dist: { tarball: 'https://npm.pkg.github.com/download/@owner/example/1.0.0/0123' },
            },
          },
        },
      },
    },
  },
  {
    api: 'azure-artifacts',
    package: 'pip',
    code: `{line} --no-input --no-deps --target there example`,
    expect: [
      'GET /ORG/_packaging/FEED/pypi/simple/example/',
      'GET /ORG/_packaging/FEED/pypi/files/example-1.0-py3-none-any.whl',
    ],
    from: 'PyPI',
    group: 'pip',
    answers: {
      '/ORG/_packaging/FEED/pypi/simple/example/': {
        headers: { 'content-type': 'text/html' },
        body: '<!DOCTYPE html><a href="../../files/example-1.0-py3-none-any.whl">example-1.0-py3-none-any.whl</a>',
      },
    },
  },
  ...(
    [
      ['aws-sqs', 'POST /'],
      ['aws-dynamodb', 'POST /'],
      ['aws-sts', 'POST /'],
      ['aws-s3', 'GET /BUCKET'],
    ] as const
  ).map(
    ([api, request]): Row => ({
      api,
      package: 'awscli',
      code: `{line}`,
      expect: [request],
      from: 'PyPI',
      env: AWS_ENVIRONMENT,
      group: 'aws-cli',
    }),
  ),
];
