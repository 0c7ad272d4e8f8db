import type { Row } from '../row.ts';
import { AWS_ENVIRONMENT } from './aws-environment.ts';
import { GITHUB_ANSWERS } from './github-answers.ts';

export const node: readonly Row[] = [
  {
    api: 'openai',
    package: 'openai',
    code: `import OpenAI from 'openai'
await new OpenAI({ apiKey: "madeup-key" }).models.list();`,
    expect: ['GET /v1/models'],
  },
  {
    api: 'openai',
    package: '@langchain/openai',
    code: `import { ChatOpenAI } from '@langchain/openai'
await ({line}).invoke('Hi');`,
    expect: ['POST /v1/chat/completions'],
    env: { OPENAI_API_KEY: 'madeup' },
    group: 'langchain',
    beside: { '@langchain/core': '1.4.0' },
  },
  {
    api: 'anthropic',
    package: '@anthropic-ai/sdk',
    code: `import Anthropic from '@anthropic-ai/sdk'
await new Anthropic({ apiKey: "madeup-key" }).models.list();`,
    expect: ['GET /v1/models'],
  },
  {
    api: 'anthropic',
    package: '@langchain/anthropic',
    code: `import { ChatAnthropic } from '@langchain/anthropic'
await ({line}).invoke('Hi');`,
    expect: ['POST /v1/messages'],
    env: { ANTHROPIC_API_KEY: 'madeup' },
    group: 'langchain',
    beside: { '@langchain/core': '1.4.0' },
  },
  {
    api: 'gemini',
    package: '@google/genai',
    code: `import { GoogleGenAI } from '@google/genai'
await new GoogleGenAI({ apiKey: "madeup-key" }).models.list();`,
    expect: ['GET /v1beta/models'],
  },
  {
    api: 'mistral',
    package: '@mistralai/mistralai',
    code: `import { Mistral } from '@mistralai/mistralai'
await ({line}).models.list();`,
    expect: ['GET /v1/models'],
  },
  {
    api: 'cohere',
    package: 'cohere-ai',
    code: `import { CohereClientV2 } from 'cohere-ai'
await ({line}).chat({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] });`,
    expect: ['POST /v2/chat'],
  },
  {
    api: 'groq',
    package: 'groq-sdk',
    code: `import Groq from 'groq-sdk'
await new Groq({ apiKey: "madeup-key" }).models.list();`,
    expect: ['GET /openai/v1/models'],
  },
  {
    api: 'cerebras',
    package: '@cerebras/cerebras_cloud_sdk',
    code: `import Cerebras from '@cerebras/cerebras_cloud_sdk'
await new Cerebras({ apiKey: "madeup-key", warmTCPConnection: false }).models.list();`,
    expect: ['GET /v1/models'],
  },
  {
    api: 'together',
    package: 'together-ai',
    code: `import Together from 'together-ai'
await new Together({ apiKey: "madeup-key" }).models.list();`,
    expect: ['GET /v1/models'],
  },
  {
    api: 'perplexity',
    package: '@perplexity-ai/perplexity_ai',
    code: `import Perplexity from '@perplexity-ai/perplexity_ai'
await new Perplexity({ apiKey: "madeup-key" }).search.create({ query: 'x' });`,
    expect: ['POST /search'],
  },
  {
    api: 'replicate',
    package: 'replicate',
    code: `import Replicate from 'replicate'
await ({line}).models.list();`,
    expect: ['GET /v1/models'],
  },
  {
    api: 'assemblyai',
    package: 'assemblyai',
    code: `import { AssemblyAI } from 'assemblyai'
await ({line}).transcripts.get('x');`,
    expect: ['GET /v2/transcript/x'],
  },
  {
    api: 'deepl',
    package: 'deepl-node',
    code: `import * as deepl from 'deepl-node'
await ({line}).getUsage();`,
    expect: ['GET /v2/usage'],
  },
  {
    api: 'pinecone',
    package: '@pinecone-database/pinecone',
    code: `import { Pinecone } from '@pinecone-database/pinecone'
await ({line}).listIndexes();`,
    expect: ['GET /indexes'],
  },
  {
    api: 'tavily',
    package: '@tavily/core',
    code: `import { tavily } from '@tavily/core'
await ({line}).search('x');`,
    expect: ['POST /search'],
  },
  {
    api: 'exa',
    package: 'exa-js',
    code: `import Exa from 'exa-js'
await ({line}).search('x');`,
    expect: ['POST /search'],
  },
  {
    api: 'browserbase',
    package: '@browserbasehq/sdk',
    code: `import Browserbase from '@browserbasehq/sdk'
await new Browserbase({ apiKey: "madeup-key" }).sessions.list();`,
    expect: ['GET /v1/sessions'],
  },
  {
    api: 'e2b',
    package: 'e2b',
    code: `import { Sandbox } from 'e2b'
await Sandbox.list().nextItems();`,
    expect: ['GET /v2/sandboxes'],
    env: { E2B_API_KEY: 'e2b_0000000000000000000000000000000000000000' },
  },
  {
    api: 'square',
    package: 'square',
    code: `import { SquareClient } from 'square'
await ({line}).locations.list();`,
    expect: ['GET /v2/locations'],
  },
  {
    api: 'mailgun',
    package: 'mailgun.js',
    code: `import Mailgun from 'mailgun.js'
const mailgun = new Mailgun(FormData)
await ({line}).domains.list();`,
    expect: ['GET /v4/domains'],
  },
  {
    api: 'postmark',
    package: 'postmark',
    code: `import { ServerClient } from 'postmark'
await ({line}).getServer();`,
    expect: ['GET /server'],
  },
  {
    api: 'resend',
    package: 'resend',
    code: `import { Resend } from 'resend'
await new Resend("madeup-key").domains.list();`,
    expect: ['GET /domains'],
  },
  {
    api: 'slack',
    package: '@slack/web-api',
    code: `import { WebClient } from '@slack/web-api'
await ({line}).auth.test();`,
    expect: ['POST /api/auth.test'],
  },
  {
    api: 'discord',
    package: '@discordjs/rest',
    code: `import { REST } from '@discordjs/rest'
await ({line}).get('/users/@me');`,
    expect: ['GET /api/v10/users/@me'],
  },
  {
    api: 'intercom',
    package: 'intercom-client',
    code: `import { IntercomClient } from 'intercom-client'
await ({line}).admins.list();`,
    expect: ['GET /admins'],
  },
  {
    api: 'hubspot',
    package: '@hubspot/api-client',
    code: `import { Client } from '@hubspot/api-client'
await ({line}).crm.owners.ownersApi.getPage();`,
    expect: ['GET /crm/v3/owners'],
  },
  {
    api: 'notion',
    package: '@notionhq/client',
    code: `import { Client } from '@notionhq/client'
await ({line}).users.list({});`,
    expect: ['GET /v1/users'],
  },
  {
    api: 'airtable',
    package: 'airtable',
    code: `import Airtable from 'airtable'
await new Airtable({ apiKey: "madeup-key" }).base('b')('t').find('r');`,
    expect: ['GET /v0/b/t/r'],
  },
  {
    api: 'github',
    package: '@octokit/rest',
    code: `import { Octokit } from '@octokit/rest'
const octokit = {line}
await octokit.paginate(octokit.rest.issues.listForRepo, { owner: 'o', repo: 'r' });
await octokit.rest.repos.get({ owner: 'o', repo: 'old' });`,
    expect: ['GET /repos/o/r/issues', 'GET /repositories/1/issues?page=2', 'GET /repos/o/old', 'GET /repositories/1'],
    answers: GITHUB_ANSWERS,
  },
  {
    api: 'github-app',
    package: '@octokit/rest',
    code: `import { Octokit } from '@octokit/rest'
await ({line}).rest.repos.get({ owner: 'o', repo: 'r' });`,
    expect: ['GET /repos/o/r'],
    options: { bearer: '{{ token }}' },
  },
  {
    api: 'cloudflare',
    package: 'cloudflare',
    code: `import Cloudflare from 'cloudflare'
await new Cloudflare({ apiToken: 'madeup' }).zones.list();`,
    expect: ['GET /client/v4/zones'],
  },
  {
    api: 'vercel',
    package: '@vercel/sdk',
    code: `import { Vercel } from '@vercel/sdk'
await ({line}).user.getAuthUser();`,
    expect: ['GET /v2/user'],
  },
  {
    api: 'stripe',
    package: 'stripe',
    code: `import Stripe from 'stripe'
const stripe = {line}
await stripe.customers.list();`,
    expect: ['GET /v1/customers'],
  },
  {
    api: 'aws-s3',
    package: '@aws-sdk/client-s3',
    code: `import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
await new S3Client({ forcePathStyle: true }).send(new ListObjectsV2Command({ Bucket: 'b' }));`,
    expect: ['GET /b/'],
    env: AWS_ENVIRONMENT,
    group: 'aws',
  },
  {
    api: 'aws-sqs',
    package: '@aws-sdk/client-sqs',
    code: `import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs'
await new SQSClient().send(new ListQueuesCommand());`,
    expect: ['POST /'],
    env: AWS_ENVIRONMENT,
    group: 'aws',
  },
  {
    api: 'aws-dynamodb',
    package: '@aws-sdk/client-dynamodb',
    code: `import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb'
await new DynamoDBClient().send(new ListTablesCommand());`,
    expect: ['POST /'],
    env: AWS_ENVIRONMENT,
    group: 'aws',
  },
  {
    api: 'linear',
    package: '@linear/sdk',
    code: `import { LinearClient } from '@linear/sdk'
await ({line}).viewer;`,
    expect: ['POST /graphql'],
  },
  {
    api: 'deepgram',
    package: '@deepgram/sdk',
    code: `import { DeepgramClient } from '@deepgram/sdk'
await ({line}).manage.v1.projects.list();`,
    expect: ['GET /v1/projects'],
    env: { DEEPGRAM_API_KEY: 'madeup' },
  },
  {
    api: 'telegram',
    package: 'grammy',
    code: `import { Bot } from 'grammy'
await ({line}).api.getMe();`,
    expect: ['POST /getMe'],
  },
  {
    api: 'asana',
    package: 'asana',
    code: `import Asana from 'asana'
{line}
await new Asana.UsersApi().getUser('me', {});`,
    expect: ['GET /api/1.0/users/me'],
  },
];
