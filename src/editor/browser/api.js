/** Where the token is kept: for this tab and this origin, port included. No cookie, which every port of this machine would get. */
const KEPT = 'attache-edit-token';

/** Takes the token out of the address, and the address out of sight. */
export function takeToken() {
  const given = /^#token=([\w-]+)$/.exec(location.hash)?.[1];
  if (given === undefined) return;
  sessionStorage.setItem(KEPT, given);
  history.replaceState(null, '', '/edit#/');
}

/** The server does not know this page. */
export class NoTokenError extends Error {}

/**
 * @param {string} path
 * @param {{ json?: unknown, bytes?: Uint8Array<ArrayBuffer> }} [body] none: a GET
 * @returns {Promise<any>}
 */
export async function ask(path, body) {
  const [type, content] =
    body?.bytes !== undefined
      ? ['application/octet-stream', body.bytes]
      : ['application/json', JSON.stringify(body?.json)];
  const response = await fetch(`/edit/api/${path}`, {
    headers: {
      authorization: `Bearer ${sessionStorage.getItem(KEPT) ?? ''}`,
      ...(body === undefined ? {} : { 'content-type': type }),
    },
    ...(body === undefined ? {} : { method: 'POST', body: content }),
  });
  const answer = await response.json();
  if (response.status === 401) throw new NoTokenError(answer.error.message);
  if (!response.ok) throw new Error(answer.error.message);
  return answer;
}

/**
 * Stores a value in Secrets Manager. It goes out as bytes, which are overwritten here afterwards.
 *
 * @param {object} task
 * @param {string} value
 */
export async function store(task, value) {
  const bytes = new TextEncoder().encode(`${JSON.stringify(task)}\n${value}`);
  try {
    return await ask('secret', { bytes });
  } finally {
    bytes.fill(0);
  }
}

/** How Attaché is doing; undefined while it does not answer. */
export async function status() {
  try {
    return await (await fetch('/api/status')).json();
  } catch {
    return undefined;
  }
}
