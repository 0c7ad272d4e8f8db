import type { Row } from '../row.ts';

/** Agents and tools: `code` is a shell's. */
export const programs: readonly Row[] = [
  {
    api: 'anthropic',
    package: '@anthropic-ai/claude-code',
    code: `claude -p Hi --model claude-sonnet-4-5`,
    expect: ['POST /v1/messages'],
    from: 'npm',
    env: {
      ANTHROPIC_API_KEY: 'sk-ant-madeup',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      HTTPS_PROXY: '',
      https_proxy: '',
    },
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
    api: 'github-git',
    package: 'git',
    code: `{line}`,
    expect: ['GET /OWNER/REPOSITORY.git/info/refs'],
    from: 'system',
    options: { basic: 'x-access-token:{{ token }}' },
  },
];
