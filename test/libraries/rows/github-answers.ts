import type { Row } from '../row.ts';

const HERE = 'https://api.github.com';

/** What leads a client on, as GitHub writes it: to further pages, and to where a renamed repository is now. */
export const GITHUB_ANSWERS: NonNullable<Row['answers']> = {
  '/repos/o/r/issues': {
    headers: { link: `<${HERE}/repositories/1/issues?page=2>; rel="next"` },
    body: [{ number: 1, url: `${HERE}/repos/o/r/issues/1` }],
  },
  '/repositories/1/issues?page=2': { body: [{ number: 2, url: `${HERE}/repos/o/r/issues/2` }] },
  '/repos/o/old': { status: 301, headers: { location: `${HERE}/repositories/1` } },
  '/repositories/1': { body: { name: 'new', url: `${HERE}/repos/o/new` } },
};
