/** Why GitHub says no: a status and its JSON, thrown by what checks and answered by what serves. */
export class Refusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  /** @param message goes out as the JSON's `message` */
  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }

  /** The body as GitHub's REST API writes it. */
  get body(): object {
    return { message: this.message, documentation_url: 'https://docs.github.com/rest', status: String(this.status) };
  }
}

/** The token is unknown, expired or revoked. */
export const badCredentials = () => new Refusal(401, 'Bad credentials');

/** There is no such thing, or the token may not know that there is. */
export const notFound = () => new Refusal(404, 'Not Found');

/** The token opens the repository, but lacks the permission `name: level`. */
export const lacksPermission = (name: string, level: string) =>
  new Refusal(403, 'Resource not accessible by integration', { 'x-accepted-github-permissions': `${name}=${level}` });

/** The owner has suspended the installation. */
export const suspended = () => new Refusal(403, 'This installation has been suspended');
