import type { Row } from '../row.ts';
import { AWS_ENVIRONMENT } from './aws-environment.ts';
import { GITHUB_ANSWERS } from './github-answers.ts';

export const python: readonly Row[] = [
  {
    api: 'openai',
    package: 'openai',
    code: `from openai import OpenAI
OpenAI(api_key="madeup-key").models.list()`,
    expect: ['GET /v1/models'],
  },
  {
    api: 'openai',
    package: 'litellm',
    code: `import litellm
litellm.completion(model="openai/gpt-5-mini", api_key="madeup", messages=[{"role": "user", "content": "Hi"}])`,
    expect: ['POST /v1/chat/completions'],
    group: 'litellm',
    besides: ['raw.githubusercontent.com'],
  },
  {
    api: 'openai',
    package: 'langchain-openai',
    code: `from langchain_openai import ChatOpenAI
ChatOpenAI(model="gpt-4.1", api_key="madeup").invoke("Hi")`,
    expect: ['POST /v1/chat/completions'],
    group: 'langchain',
  },
  {
    api: 'openai',
    package: 'llama-index-llms-openai',
    code: `from llama_index.llms.openai import OpenAI
OpenAI(model="gpt-4.1", api_key="madeup").complete("Hi")`,
    expect: ['POST /v1/chat/completions'],
    group: 'llama-index',
  },
  {
    api: 'anthropic',
    package: 'anthropic',
    code: `from anthropic import Anthropic
Anthropic(api_key="madeup-key").models.list()`,
    expect: ['GET /v1/models'],
  },
  {
    api: 'anthropic',
    package: 'litellm',
    code: `import litellm
litellm.completion(
    model="anthropic/claude-sonnet-4-5", api_key="madeup", messages=[{"role": "user", "content": "Hi"}]
)`,
    expect: ['POST /v1/messages'],
    group: 'litellm',
    besides: ['raw.githubusercontent.com'],
  },
  {
    api: 'anthropic',
    package: 'langchain-anthropic',
    code: `from langchain_anthropic import ChatAnthropic
ChatAnthropic(model="claude-sonnet-4-5", api_key="madeup").invoke("Hi")`,
    expect: ['POST /v1/messages'],
    group: 'langchain',
  },
  {
    api: 'anthropic',
    package: 'llama-index-llms-anthropic',
    code: `from llama_index.llms.anthropic import Anthropic
{line}.complete("Hi")`,
    expect: ['POST /v1/messages'],
    group: 'llama-index-anthropic',
    beside: { anthropic: '0.125.0' },
  },
  {
    api: 'gemini',
    package: 'google-genai',
    code: `from google import genai
client = genai.Client(api_key="madeup-key")
list(client.models.list())`,
    expect: ['GET /v1/models'],
  },
  {
    api: 'mistral',
    package: 'mistralai',
    code: `from mistralai.client import Mistral
{line}.models.list()`,
    expect: ['GET /v1/models'],
    group: 'mistral',
  },
  {
    api: 'cohere',
    package: 'cohere',
    code: `import cohere
cohere.ClientV2(api_key="madeup-key").models.list()`,
    expect: ['GET /v1/models'],
  },
  {
    api: 'groq',
    package: 'groq',
    code: `from groq import Groq
Groq(api_key="madeup-key").models.list()`,
    expect: ['GET /openai/v1/models'],
  },
  {
    api: 'cerebras',
    package: 'cerebras-cloud-sdk',
    code: `from cerebras.cloud.sdk import Cerebras
Cerebras(api_key="madeup-key", warm_tcp_connection=False).models.list()`,
    expect: ['GET /v1/models'],
  },
  {
    api: 'together',
    package: 'together',
    code: `from together import Together
Together(api_key="madeup-key").chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}])`,
    expect: ['POST /v1/chat/completions'],
  },
  {
    api: 'perplexity',
    package: 'perplexityai',
    code: `from perplexity import Perplexity
Perplexity(api_key="madeup-key").search.create(query="x")`,
    expect: ['POST /search'],
  },
  {
    api: 'deepseek',
    package: 'openai',
    code: `from openai import OpenAI
OpenAI(api_key="madeup-key").models.list()`,
    expect: ['GET /models'],
  },
  {
    api: 'xai',
    package: 'openai',
    code: `from openai import OpenAI
OpenAI(api_key="madeup-key").models.list()`,
    expect: ['GET /v1/models'],
  },
  {
    api: 'openrouter',
    package: 'openai',
    code: `from openai import OpenAI
OpenAI(api_key="madeup-key").models.list()`,
    expect: ['GET /api/v1/models'],
  },
  {
    api: 'huggingface',
    package: 'huggingface_hub',
    code: `from huggingface_hub import HfApi
HfApi().whoami(token="hf_madeup")`,
    expect: ['GET /api/whoami-v2'],
  },
  {
    api: 'huggingface-inference',
    package: 'openai',
    code: `from openai import OpenAI
OpenAI(api_key="madeup-key").models.list()`,
    expect: ['GET /v1/models'],
  },
  {
    api: 'replicate',
    package: 'replicate',
    code: `from replicate import Client
{line}.models.list()`,
    expect: ['GET /v1/models'],
  },
  {
    api: 'voyage',
    package: 'voyageai',
    code: `import voyageai
{line}.embed(["x"], model="voyage-3")`,
    expect: ['POST /v1/embeddings'],
  },
  {
    api: 'elevenlabs',
    package: 'elevenlabs',
    code: `from elevenlabs.client import ElevenLabs
{line}.models.list()`,
    expect: ['GET /v1/models'],
  },
  {
    api: 'assemblyai',
    package: 'assemblyai',
    code: `import assemblyai
{line}
assemblyai.settings.api_key = "madeup"
assemblyai.Transcript.get_by_id("x")`,
    expect: ['GET /v2/transcript/x'],
  },
  {
    api: 'deepl',
    package: 'deepl',
    code: `import deepl
{line}.get_usage()`,
    expect: ['GET /v2/usage'],
  },
  {
    api: 'pinecone',
    package: 'pinecone',
    code: `from pinecone import Pinecone
Pinecone(api_key="madeup-key").list_indexes()`,
    expect: ['GET /indexes'],
  },
  {
    api: 'tavily',
    package: 'tavily-python',
    code: `from tavily import TavilyClient
{line}.search("x")`,
    expect: ['POST /search'],
  },
  {
    api: 'exa',
    package: 'exa-py',
    code: `from exa_py import Exa
{line}.search("x")`,
    expect: ['POST /search'],
  },
  {
    api: 'firecrawl',
    package: 'firecrawl-py',
    code: `from firecrawl import Firecrawl
{line}.scrape("https://example.com")`,
    expect: ['POST /v2/scrape'],
  },
  {
    api: 'browserbase',
    package: 'browserbase',
    code: `from browserbase import Browserbase
Browserbase(api_key="madeup-key").sessions.list()`,
    expect: ['GET /v1/sessions'],
  },
  {
    api: 'e2b',
    package: 'e2b',
    code: `from e2b import Sandbox
Sandbox.list().next_items()`,
    expect: ['GET /v2/sandboxes'],
    env: { E2B_API_KEY: 'e2b_0000000000000000000000000000000000000000' },
  },
  {
    api: 'stripe',
    package: 'stripe',
    code: `import stripe
{line}
stripe.api_key = "sk_test_madeup"
stripe.Customer.list()`,
    expect: ['GET /v1/customers'],
  },
  {
    api: 'sendgrid',
    package: 'sendgrid',
    code: `from sendgrid import SendGridAPIClient
{line}.client.scopes.get()`,
    expect: ['GET /v3/scopes'],
  },
  {
    api: 'resend',
    package: 'resend',
    code: `import resend
resend.api_key = "madeup-key"
resend.Domains.list()`,
    expect: ['GET /domains'],
  },
  {
    api: 'slack',
    package: 'slack_sdk',
    code: `from slack_sdk import WebClient
{line}.auth_test()`,
    expect: ['POST /api/auth.test'],
  },
  {
    api: 'notion',
    package: 'notion-client',
    code: `from notion_client import Client
{line}.users.list()`,
    expect: ['GET /v1/users'],
  },
  {
    api: 'airtable',
    package: 'pyairtable',
    code: `from pyairtable import Api
{line}.whoami()`,
    expect: ['GET /v0/meta/whoami'],
  },
  {
    api: 'github',
    package: 'PyGithub',
    code: `from github import Github
repo = {line}.get_repo("o/r")
repo.get_issue(1).create_comment("Hi")
print([issue.number for issue in repo.get_issues()])
repo = {line}.get_repo("o/old")
print(repo.stargazers_count)`,
    expect: [
      'POST /repos/o/r/issues/1/comments',
      'GET /repos/o/r/issues',
      'GET /repositories/1/issues?page=2',
      'GET /repos/o/old',
      'GET /repositories/1',
    ],
    answers: GITHUB_ANSWERS,
  },
  {
    api: 'github-app',
    package: 'PyGithub',
    code: `from github import Github
{line}.get_repo("o/r").get_issue(1).create_comment("Hi")`,
    expect: ['POST /repos/o/r/issues/1/comments'],
    options: { bearer: '{{ token }}' },
  },
  {
    api: 'gitlab',
    package: 'python-gitlab',
    code: `import gitlab
print(len(list({line}.projects.list(iterator=True))))`,
    expect: ['GET /api/v4/projects', 'GET /api/v4/projects?page=2'],
    answers: {
      '/api/v4/projects': {
        headers: { link: '<https://gitlab.com/api/v4/projects?page=2>; rel="next"' },
        body: [{ id: 1 }],
      },
      '/api/v4/projects?page=2': { body: [{ id: 2 }] },
    },
  },
  {
    api: 'cloudflare',
    package: 'cloudflare',
    code: `from cloudflare import Cloudflare
Cloudflare(api_token="madeup").zones.list()`,
    expect: ['GET /client/v4/zones'],
  },
  {
    api: 'datadog',
    package: 'datadog-api-client',
    code: `from datadog_api_client import ApiClient, Configuration
from datadog_api_client.v1.api.authentication_api import AuthenticationApi
AuthenticationApi(ApiClient({line})).validate()`,
    expect: ['GET /api/v1/validate'],
  },
  {
    api: 'ngrok',
    package: 'ngrok-api',
    code: `import ngrok
list({line}.agent_ingresses.list())`,
    expect: ['GET /agent_ingresses'],
  },
  {
    api: 'workos',
    package: 'workos',
    code: `from workos import WorkOSClient
{line}.organizations.list_organizations()`,
    expect: ['GET /organizations'],
  },
  {
    api: 'aws-s3',
    package: 'boto3',
    code: `import boto3
from botocore.config import Config
boto3.client("s3", config=Config(s3={"addressing_style": "path"})).list_objects_v2(Bucket="b")`,
    expect: ['GET /b'],
    env: AWS_ENVIRONMENT,
  },
  {
    api: 'aws-sqs',
    package: 'boto3',
    code: `import boto3
boto3.client("sqs").list_queues()`,
    expect: ['POST /'],
    env: AWS_ENVIRONMENT,
  },
  {
    api: 'aws-dynamodb',
    package: 'boto3',
    code: `import boto3
boto3.client("dynamodb").list_tables()`,
    expect: ['POST /'],
    env: AWS_ENVIRONMENT,
  },
  {
    api: 'aws-bedrock',
    package: 'boto3',
    code: `import boto3
boto3.client("bedrock-runtime").converse(modelId="m", messages=[{"role": "user", "content": [{"text": "x"}]}])`,
    expect: ['POST /model/m/converse'],
    env: AWS_ENVIRONMENT,
  },
  {
    api: 'aws-sts',
    package: 'boto3',
    code: `import boto3
boto3.client("sts").get_caller_identity()`,
    expect: ['POST /'],
    env: AWS_ENVIRONMENT,
  },
  {
    api: 'aws-sns',
    package: 'boto3',
    code: `import boto3
boto3.client("sns").list_topics()`,
    expect: ['POST /'],
    env: AWS_ENVIRONMENT,
  },
  {
    api: 'aws-kms',
    package: 'boto3',
    code: `import boto3
boto3.client("kms").list_keys()`,
    expect: ['POST /'],
    env: AWS_ENVIRONMENT,
  },
  {
    api: 'aws-lambda',
    package: 'boto3',
    code: `import boto3
boto3.client("lambda").list_functions()`,
    expect: ['GET /2015-03-31/functions'],
    env: AWS_ENVIRONMENT,
  },
  {
    api: 'aws-eventbridge',
    package: 'boto3',
    code: `import boto3
boto3.client("events").list_rules()`,
    expect: ['POST /'],
    env: AWS_ENVIRONMENT,
  },
  {
    api: 'aws-logs',
    package: 'boto3',
    code: `import boto3
boto3.client("logs").describe_log_groups()`,
    expect: ['POST /'],
    env: AWS_ENVIRONMENT,
  },
  {
    api: 'telegram',
    package: 'python-telegram-bot',
    code: `import asyncio
from telegram import Bot
asyncio.run({line}.get_me())`,
    expect: ['POST /getMe'],
    group: 'telegram',
  },
  {
    api: 'digitalocean',
    package: 'pydo',
    code: `from pydo import Client
{line}.droplets.list()`,
    expect: ['GET /v2/droplets'],
    group: 'digitalocean',
  },
  {
    api: 'launchdarkly',
    package: 'launchdarkly-api',
    code: `import launchdarkly_api
launchdarkly_api.ProjectsApi(launchdarkly_api.ApiClient({line})).get_projects()`,
    expect: ['GET /api/v2/projects'],
    group: 'launchdarkly',
  },
  {
    api: 'spotify',
    package: 'spotipy',
    code: `import spotipy
{line}
client.search("x")`,
    expect: ['GET /v1/search'],
    options: { bearer: '{{ token }}' },
  },
];
