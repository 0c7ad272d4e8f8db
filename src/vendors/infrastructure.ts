import type { Library } from './library.ts';
import type { Vendor } from './vendor.ts';

const AS_INSTALLATION =
  'https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/authenticating-as-a-github-app-installation';

/** How the API of GitHub is reached, whatever opens it. */
const GITHUB: readonly Library[] = [
  {
    language: 'python',
    package: 'PyGithub',
    line: 'Github(base_url="{url}", lazy=True)',
    checked: '2.10.0',
    note: "with lazy=True repo.get_issue(1) and the like are asked for here; what an answer brought along, as in a list, has GitHub's own address, to which PyGithub refuses to go (AssertionError), so get it again by its number",
  },
  { language: 'node', package: '@octokit/rest', line: 'new Octokit({ baseUrl: "{url}" })', checked: '22.0.1' },
];

/** Code, builds, hosting and what watches over them. */
export const infrastructure: readonly Vendor[] = [
  {
    name: 'github',
    host: 'api.github.com',
    credential: { bearer: '{{ token }}' },
    libraries: [
      ...GITHUB,
      {
        language: 'shell',
        package: 'gh',
        line: 'GH_TOKEN=no-key gh api {url}/repos/OWNER/REPOSITORY',
        checked: '2.23.0',
        note: 'its other commands take no address and go past the proxy',
      },
    ],
    documentation: 'https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api',
    note: 'a personal access token; github-app needs none',
  },
  {
    name: 'github-app',
    host: 'api.github.com',
    credential: { github_app: {} },
    libraries: GITHUB,
    documentation: AS_INSTALLATION,
    note: 'its REST and GraphQL APIs; repositories: [owner/name] and permissions: { contents: read } in the block limit it',
  },
  {
    name: 'github-git',
    host: 'github.com',
    credential: { github_app: {} },
    command: 'git clone {url}/OWNER/REPOSITORY.git',
    libraries: [{ language: 'shell', package: 'git', line: 'git clone {url}/OWNER/REPOSITORY.git', checked: '2.39.5' }],
    documentation: AS_INSTALLATION,
    note: 'repositories: [owner/name] and permissions: { contents: read } in the block limit it',
  },
  {
    name: 'github-npm',
    host: 'npm.pkg.github.com',
    credential: { bearer: '{{ token }}' },
    command: 'npm view --registry={url} @OWNER/PACKAGE',
    libraries: [
      {
        language: 'shell',
        package: 'npm',
        line: 'npm install --registry={url} --replace-registry-host=always',
        checked: '12.2.2',
        note: 'without --replace-registry-host=always the packages themselves are fetched from the registry, past the proxy',
      },
    ],
    documentation:
      'https://docs.github.com/en/packages/working-with-a-github-packages-registry/working-with-the-npm-registry',
    note: 'for another registry of npm packages: attache add NAME --target URL, and the same line',
  },
  {
    name: 'azure-artifacts',
    host: 'pkgs.dev.azure.com',
    credential: { basic: { username: 'attache', password: '{{ token }}' } },
    libraries: [
      {
        language: 'shell',
        package: 'pip',
        line: 'pip install --index-url {url}/ORG/_packaging/FEED/pypi/simple/ --trusted-host {hostname}',
        checked: '26.3',
        note: 'without --trusted-host pip ignores the index; files that an index links to by an absolute address are fetched from there, past the proxy',
      },
    ],
    documentation: 'https://learn.microsoft.com/en-us/azure/devops/artifacts/quickstarts/python-packages',
    note: 'a personal access token; for another index of Python packages: attache add NAME --target URL, and the same line',
  },
  {
    name: 'gitlab',
    host: 'gitlab.com',
    credential: { headers: { 'private-token': '{{ token }}' } },
    libraries: [
      {
        language: 'python',
        package: 'python-gitlab',
        line: 'gitlab.Gitlab("{url}", keep_base_url=True)',
        checked: '8.6.0',
        note: 'keep_base_url keeps further pages at this address',
      },
      {
        language: 'go',
        package: 'gitlab.com/gitlab-org/api/client-go',
        line: 'gitlab.NewClient("no-key", gitlab.WithBaseURL("{url}"))',
        checked: 'v1.46.0',
      },
    ],
    strip: ['query:job_token'],
    inBody: 'private_token',
    documentation: 'https://docs.gitlab.com/api/rest/authentication/',
    note: 'for an instance of your own: --host gitlab.example.com',
  },
  {
    name: 'circleci',
    host: 'circleci.com',
    credential: { headers: { 'circle-token': '{{ token }}' } },
    noLibrary: 'no client library of it has been tried; send plain HTTP',
    strip: ['query:circle-token'],
    documentation: 'https://circleci.com/docs/guides/toolkit/api-developers-guide',
    note: "for version 3 of its API: --bearer '{{ token }}'",
  },
  {
    name: 'sentry',
    host: 'sentry.io',
    credential: { bearer: '{{ auth_token }}' },
    libraries: [
      {
        language: 'shell',
        package: '@sentry/cli',
        line: 'export SENTRY_URL={url}',
        checked: '3.8.0',
        note: 'uploads go to the address that the server names',
      },
    ],
    documentation: 'https://docs.sentry.io/api/auth/',
    note: 'the API and sentry-cli; in the EU: --host de.sentry.io',
  },
  {
    name: 'datadog',
    host: 'api.datadoghq.com',
    credential: { headers: { 'dd-api-key': '{{ api_key }}', 'dd-application-key': '{{ application_key }}' } },
    libraries: [
      {
        language: 'python',
        package: 'datadog-api-client',
        line: 'Configuration(host="{url}")',
        checked: '2.62.0',
        ignoresProxy: true,
      },
    ],
    strip: ['query:application_key'],
    documentation: 'https://docs.datadoghq.com/api/latest/authentication/',
    note: 'at another site: --host api.datadoghq.eu, api.us3.datadoghq.com and so on',
  },
  {
    name: 'pagerduty',
    host: 'api.pagerduty.com',
    credential: { headers: { authorization: 'Token token={{ api_key }}' } },
    noLibrary: 'no client library of it has been tried; send plain HTTP',
    documentation: 'https://developer.pagerduty.com/docs/authentication',
    note: 'in the EU: --host api.eu.pagerduty.com',
  },
  {
    name: 'launchdarkly',
    host: 'app.launchdarkly.com',
    credential: { headers: { authorization: '{{ access_token }}' } },
    libraries: [
      {
        language: 'python',
        package: 'launchdarkly-api',
        line: 'launchdarkly_api.Configuration(host="{url}")',
        checked: '25.0.1',
        ignoresProxy: true,
      },
    ],
    documentation: 'https://launchdarkly.com/docs/api',
  },
  {
    name: 'cloudflare',
    host: 'api.cloudflare.com',
    credential: { bearer: '{{ api_token }}' },
    libraries: [
      {
        language: 'python',
        package: 'cloudflare',
        line: 'export CLOUDFLARE_BASE_URL={url}/client/v4',
        checked: '5.9.0',
      },
      { language: 'node', package: 'cloudflare', line: 'export CLOUDFLARE_BASE_URL={url}/client/v4', checked: '7.3.0' },
    ],
    strip: ['x-auth-email', 'x-auth-user-service-key'],
    documentation: 'https://developers.cloudflare.com/fundamentals/api/how-to/make-api-calls/',
  },
  {
    name: 'digitalocean',
    host: 'api.digitalocean.com',
    credential: { bearer: '{{ token }}' },
    libraries: [
      {
        language: 'python',
        package: 'pydo',
        line: 'Client(token="no-key", endpoint="{https}")',
        checked: '0.44.0',
        note: 'it refuses plain http',
      },
      {
        language: 'go',
        package: 'github.com/digitalocean/godo',
        line: 'godo.New(nil, godo.SetBaseURL("{url}/"))',
        checked: 'v1.237.0',
      },
    ],
    documentation: 'https://docs.digitalocean.com/reference/api/',
  },
  {
    name: 'vercel',
    host: 'api.vercel.com',
    credential: { bearer: '{{ token }}' },
    libraries: [
      { language: 'node', package: '@vercel/sdk', line: 'new Vercel({ serverURL: "{url}" })', checked: '1.28.35' },
    ],
    documentation: 'https://vercel.com/docs/rest-api',
  },
  {
    name: 'netlify',
    host: 'api.netlify.com',
    credential: { bearer: '{{ token }}' },
    noLibrary: 'no client library of it has been tried; send plain HTTP',
    documentation: 'https://docs.netlify.com/api/get-started/',
  },
  {
    name: 'fly',
    host: 'api.machines.dev',
    credential: { bearer: '{{ token }}' },
    noLibrary: 'no client library of it has been tried; send plain HTTP',
    documentation: 'https://fly.io/docs/machines/api/working-with-machines-api/',
  },
  {
    name: 'render',
    host: 'api.render.com',
    credential: { bearer: '{{ api_key }}' },
    noLibrary: 'no client library of it has been tried; send plain HTTP',
    documentation: 'https://render.com/docs/api',
  },
  {
    name: 'supabase',
    host: 'api.supabase.com',
    credential: { bearer: '{{ access_token }}' },
    noLibrary: 'no client library of it has been tried; send plain HTTP',
    documentation: 'https://supabase.com/docs/guides/platform/access-tokens',
    note: 'the Management API',
  },
  {
    name: 'workos',
    host: 'api.workos.com',
    credential: { bearer: '{{ api_key }}' },
    libraries: [
      {
        language: 'python',
        package: 'workos',
        line: 'WorkOSClient(api_key="no-key", client_id="no-key", base_url="{url}/")',
        checked: '10.8.0',
      },
    ],
    documentation: 'https://workos.com/docs/reference',
  },
  {
    name: 'ngrok',
    host: 'api.ngrok.com',
    credential: { bearer: '{{ api_key }}' },
    libraries: [
      { language: 'python', package: 'ngrok-api', line: 'ngrok.Client("no-key", base_url="{url}")', checked: '0.19.0' },
    ],
    documentation: 'https://ngrok.com/docs/api/',
    note: 'the caller sends the header Ngrok-Version',
  },
];
