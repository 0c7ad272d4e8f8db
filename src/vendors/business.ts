import type { Vendor } from './vendor.ts';

/** Payments, messages, and the tools that people work with. */
export const business: readonly Vendor[] = [
  {
    name: 'stripe',
    host: 'api.stripe.com',
    credential: { basic: { username: '{{ api_key }}' } },
    libraries: [
      { language: 'python', package: 'stripe', line: 'stripe.api_base = "{url}"', checked: '16.1.0' },
      {
        language: 'node',
        package: 'stripe',
        line: 'new Stripe("no-key", { host: "{hostname}", port: {port}, protocol: "http", httpClient: Stripe.createFetchHttpClient() })',
        checked: '23.1.0',
      },
      {
        language: 'go',
        package: 'github.com/stripe/stripe-go/v82',
        line: 'stripe.SetBackend(stripe.APIBackend, stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{URL: stripe.String("{url}")}))',
        checked: 'v82.5.1',
      },
    ],
    documentation: 'https://docs.stripe.com/api/authentication',
  },
  {
    name: 'paypal',
    host: 'api-m.paypal.com',
    credential: { oauth2: { grant: 'client_credentials', token_url: 'https://api-m.paypal.com/v1/oauth2/token' } },
    noLibrary: 'no client library of it has been tried; send plain HTTP',
    documentation: 'https://developer.paypal.com/api/rest/authentication/',
    note: 'for the sandbox: --host api-m.sandbox.paypal.com, and the same host in token_url',
  },
  {
    name: 'square',
    host: 'connect.squareup.com',
    credential: { bearer: '{{ access_token }}' },
    libraries: [
      {
        language: 'node',
        package: 'square',
        line: 'new SquareClient({ token: "no-key", environment: "{url}" })',
        checked: '46.0.0',
      },
    ],
    documentation: 'https://developer.squareup.com/docs/build-basics/access-tokens',
    note: 'for the sandbox: --host connect.squareupsandbox.com',
  },
  {
    name: 'sendgrid',
    host: 'api.sendgrid.com',
    credential: { bearer: '{{ api_key }}' },
    libraries: [
      { language: 'python', package: 'sendgrid', line: 'SendGridAPIClient(host="{url}")', checked: '6.12.5' },
    ],
    documentation: 'https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/authentication',
    note: 'in the EU: --host api.eu.sendgrid.com',
  },
  {
    name: 'mailgun',
    host: 'api.mailgun.net',
    credential: { basic: { username: 'api', password: '{{ api_key }}' } },
    libraries: [
      {
        language: 'node',
        package: 'mailgun.js',
        line: 'mailgun.client({ username: "api", key: "no-key", url: "{url}" })',
        checked: '14.0.1',
      },
    ],
    documentation: 'https://documentation.mailgun.com/docs/mailgun/api-reference/authentication',
    note: 'in the EU: --host api.eu.mailgun.net',
  },
  {
    name: 'postmark',
    host: 'api.postmarkapp.com',
    credential: { headers: { 'x-postmark-server-token': '{{ server_token }}' } },
    libraries: [
      {
        language: 'node',
        package: 'postmark',
        line: 'new ServerClient("no-key", { requestHost: "{host}", useHttps: false })',
        checked: '5.1.0',
      },
    ],
    documentation: 'https://postmarkapp.com/developer/api/overview',
  },
  {
    name: 'resend',
    host: 'api.resend.com',
    credential: { bearer: '{{ api_key }}' },
    libraries: [
      { language: 'python', package: 'resend', line: 'export RESEND_API_URL={url}', checked: '2.52.0' },
      { language: 'node', package: 'resend', line: 'export RESEND_BASE_URL={url}', checked: '6.38.0' },
    ],
    documentation: 'https://resend.com/docs/api-reference/introduction',
  },
  {
    name: 'twilio',
    host: 'api.twilio.com',
    credential: { basic: { username: '{{ account_sid }}', password: '{{ auth_token }}' } },
    noLibrary: 'no client library of it has been tried; send plain HTTP',
    documentation: 'https://www.twilio.com/docs/usage/requests-to-twilio',
    note: 'an API key works too: its SID as account_sid, its secret as auth_token',
  },
  {
    name: 'slack',
    host: 'slack.com',
    credential: { bearer: '{{ bot_token }}' },
    libraries: [
      { language: 'python', package: 'slack_sdk', line: 'WebClient(base_url="{url}/api/")', checked: '3.48.0' },
      {
        language: 'node',
        package: '@slack/web-api',
        line: 'new WebClient(undefined, { slackApiUrl: "{url}/api/" })',
        checked: '8.2.0',
      },
      {
        language: 'go',
        package: 'github.com/slack-go/slack',
        note: 'it always sends a token of its own in the body, where Slack reads one too',
      },
    ],
    strip: ['query:token'],
    inBody: 'token',
    documentation: 'https://docs.slack.dev/authentication/tokens/',
    note: 'its Web API answers 200 also when it refuses a token, so a rotation is noticed only by the regular check',
  },
  {
    name: 'discord',
    host: 'discord.com',
    credential: { headers: { authorization: 'Bot {{ bot_token }}' } },
    libraries: [
      {
        language: 'node',
        package: '@discordjs/rest',
        line: 'new REST({ api: "{url}/api" }).setToken("no-key")',
        checked: '2.6.3',
      },
    ],
    documentation: 'https://discord.com/developers/docs/reference#authentication',
  },
  {
    name: 'telegram',
    host: 'api.telegram.org',
    credential: { path: '/bot{{ bot_token }}' },
    command: 'curl {url}/getMe',
    libraries: [
      {
        language: 'python',
        package: 'python-telegram-bot',
        line: 'Bot("no-key", base_url=lambda token: "{url}")',
        checked: '22.8',
      },
      {
        language: 'node',
        package: 'grammy',
        line: 'new Bot("no-key", { client: { apiRoot: "{url}", buildUrl: (root, token, method) => root + "/" + method } })',
        checked: '1.46.0',
        ignoresProxy: true,
      },
      { language: 'node', package: 'telegraf', note: 'it always puts /bot and a token of its own before the method' },
    ],
    documentation: 'https://core.telegram.org/bots/api',
    note: 'the caller names the method alone; files are fetched from /file/bot…, for a route of its own',
  },
  {
    name: 'intercom',
    host: 'api.intercom.io',
    credential: { bearer: '{{ access_token }}' },
    libraries: [
      {
        language: 'node',
        package: 'intercom-client',
        line: 'new IntercomClient({ token: "no-key", environment: "{url}" })',
        checked: '7.0.3',
      },
    ],
    documentation: 'https://developers.intercom.com/docs/build-an-integration/learn-more/authentication',
    note: 'in the EU: --host api.eu.intercom.io; in Australia: --host api.au.intercom.io',
  },
  {
    name: 'hubspot',
    host: 'api.hubapi.com',
    credential: { bearer: '{{ access_token }}' },
    libraries: [
      {
        language: 'node',
        package: '@hubspot/api-client',
        line: 'new Client({ accessToken: "no-key", basePath: "{url}" })',
        checked: '13.5.0',
      },
    ],
    strip: ['query:hapikey'],
    documentation: 'https://developers.hubspot.com/docs/guides/apps/private-apps/overview',
  },
  {
    name: 'notion',
    host: 'api.notion.com',
    credential: { bearer: '{{ token }}' },
    libraries: [
      { language: 'python', package: 'notion-client', line: 'Client(base_url="{url}")', checked: '3.1.0' },
      { language: 'node', package: '@notionhq/client', line: 'new Client({ baseUrl: "{url}" })', checked: '5.26.0' },
    ],
    documentation: 'https://developers.notion.com/reference/authentication',
    note: 'the caller sends the header Notion-Version',
  },
  {
    name: 'linear',
    host: 'api.linear.app',
    credential: { headers: { authorization: '{{ api_key }}' } },
    libraries: [
      {
        language: 'node',
        package: '@linear/sdk',
        line: 'new LinearClient({ apiKey: "no-key", apiUrl: "{https}/graphql" })',
        checked: '98.0.0',
        note: 'it refuses plain http',
      },
    ],
    documentation: 'https://linear.app/developers/graphql',
  },
  {
    name: 'airtable',
    host: 'api.airtable.com',
    credential: { bearer: '{{ token }}' },
    libraries: [
      { language: 'python', package: 'pyairtable', line: 'Api("no-key", endpoint_url="{url}")', checked: '3.5.1' },
      { language: 'node', package: 'airtable', line: 'export AIRTABLE_ENDPOINT_URL={url}', checked: '0.12.2' },
    ],
    documentation: 'https://airtable.com/developers/web/api/authentication',
  },
  {
    name: 'asana',
    host: 'app.asana.com',
    credential: { bearer: '{{ token }}' },
    libraries: [
      {
        language: 'node',
        package: 'asana',
        line: 'Asana.ApiClient.instance.basePath = "{url}/api/1.0"',
        checked: '3.2.0',
        ignoresProxy: true,
      },
    ],
    documentation: 'https://developers.asana.com/docs/personal-access-token',
  },
  {
    name: 'figma',
    host: 'api.figma.com',
    credential: { headers: { 'x-figma-token': '{{ token }}' } },
    noLibrary: 'no client library of it has been tried; send plain HTTP',
    documentation: 'https://developers.figma.com/docs/rest-api/authentication/',
  },
  {
    name: 'posthog',
    host: 'us.posthog.com',
    credential: { bearer: '{{ personal_api_key }}' },
    noLibrary: 'no client library of it has been tried; send plain HTTP',
    strip: ['query:personal_api_key'],
    inBody: 'personal_api_key',
    documentation: 'https://posthog.com/docs/api',
    note: 'in the EU: --host eu.posthog.com',
  },
];
