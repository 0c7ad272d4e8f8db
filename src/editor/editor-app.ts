import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { CHILD_LIMITS, ChildError, inChild } from '../configuration/in-child.ts';
import { SpareChild } from '../configuration/spare-child.ts';
import type { LabelMoved } from '../secrets/label-events.ts';
import { LARGEST_SECRET } from '../secrets/secret-version.ts';
import type { Log } from '../telemetry/log.ts';
import { apply } from './apply.ts';
import { BodyTooLargeError, lineAndRest, wholeBody } from './body.ts';
import { apis } from './catalogue.ts';
import type { Draft } from './draft.ts';
import type { EditToken } from './edit-token.ts';
import { FORM } from './form.ts';
import { requireThisMachine, requireToken } from './guard.ts';
import { inSecretsChild } from './secrets-child.ts';
import type { TextTask, textWork } from './text-work.ts';

/** Beside this file, and of the same kind: `.ts` in the source tree, `.js` when built. */
const TEXT_PROGRAM = new URL(`./text-process${extname(import.meta.url)}`, import.meta.url);

/** The files that the page consists of, each served as it is, by its name. */
const BROWSER = new URL('./browser/', import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  '.svg': 'image/svg+xml',
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

/** The largest form, in bytes: a thousand rules of each kind, and long ones. */
const LARGEST_FORM = 1_048_576;

const NAME = z.string().min(1).max(2_048);
const VERSION = z.string().max(64).optional();

/** What may be asked about a draft, and what may be written. */
const WISH = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('add'), form: FORM, version: VERSION }),
  z.strictObject({ kind: z.literal('change'), name: NAME, form: FORM, version: VERSION }),
  z.strictObject({ kind: z.literal('remove'), name: NAME, version: VERSION }),
]);

const STORE = z.strictObject({ as: z.enum(['create', 'replace']), wish: WISH });

/** What the page needs of the Attaché that serves it. */
export interface EditorParts {
  /** The file that defines the integrations. */
  readonly file: string;
  /** How long Attaché waits for a secret, in ms: the check of the file depends on it. */
  readonly fetchDeadline: number;
  readonly token: EditToken;
  /** `host:port` of the admin server. */
  readonly admin: () => string;
  /** Told of a secret that was given a new value. */
  readonly moved: (event: LabelMoved) => void;
  readonly log: Log;
}

type Env = { Bindings: HttpBindings };
type TextAnswer = Awaited<ReturnType<typeof textWork>>;

/**
 * The page on which integrations are set up, as it stands under `/edit`, and what it asks for. Everything that holds or changes
 * something needs the token. The file is read and judged, and Secrets Manager asked, in processes of their own.
 */
export function editorApp({ file, fetchDeadline, token, admin, moved, log }: EditorParts): Hono<Env> {
  const app = new Hono<Env>();
  const spare = new SpareChild(TEXT_PROGRAM, CHILD_LIMITS.memory);
  const about = (task: TextTask) => inChild<TextAnswer>(TEXT_PROGRAM, { file, task }, CHILD_LIMITS, undefined, spare);
  // One after the other, so that each is worked out on what the one before has written.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };

  app.use(requireThisMachine);
  for (const name of readdirSync(BROWSER)) {
    const content = readFileSync(new URL(name, BROWSER), 'utf8');
    const type = TYPES[extname(name)] ?? 'text/plain';
    app.get(name === 'index.html' ? '/' : `/${name}`, (context) =>
      context.body(content, 200, { 'content-type': type }),
    );
  }
  app.use('/api/*', requireToken(token));

  app.get('/api/catalogue', (context) => context.json({ file, apis: apis() }));
  app.get('/api/integrations', async (context) => {
    // It will be needed for each key that is pressed.
    spare.prepare();
    return context.json(await about({ kind: 'list' }));
  });
  app.post('/api/form', async (context) => {
    const { name } = await read(context, z.strictObject({ name: NAME }));
    return context.json(await about({ kind: 'form', name }));
  });
  app.post('/api/draft', async (context) => {
    const { version, ...wish } = await read(context, WISH);
    const draft = (await about({ kind: 'draft', wish, version, fetchDeadline })) as Draft;
    return context.json(shown(draft));
  });
  app.post('/api/write', async (context) => {
    const { version, ...wish } = await read(context, WISH);
    return inTurn(async () => {
      const draft = (await about({ kind: 'draft', wish, version, fetchDeadline })) as Draft;
      const { edit, remarks } = draft;
      if (edit === undefined || remarks.some(({ severity }) => severity === 'error'))
        return context.json({ ...shown(draft), applied: undefined });
      const applied = await apply(file, edit, admin());
      const name = 'form' in wish ? draft.meant?.name : wish.name;
      log.info({ integration: name, change: wish.kind, outcome: applied.kind }, 'integration edited on the page');
      return context.json({ ...shown(draft), usage: edit.usage, applied });
    });
  });

  app.get('/api/secrets', async (context) => context.json(await inSecretsChild({ kind: 'list' })));
  // A line of JSON, and behind it the value: so no text is ever made of it here.
  app.post('/api/secret', async (context) => {
    if (context.req.header('content-type') !== 'application/octet-stream') throw new BadRequest();
    const { line, rest } = await lineAndRest(context.env.incoming, LARGEST_FORM, LARGEST_SECRET);
    const store = valid(STORE, line);
    const { version, ...wish } = store.wish;
    const { meant, remarks } = (await about({ kind: 'draft', wish, version, fetchDeadline })) as Draft;
    const [error] = remarks.filter(({ severity }) => severity === 'error');
    // Nothing is stored for what could not be written down.
    if (meant === undefined || error !== undefined) {
      for await (const chunk of rest) chunk.fill(0);
      return context.json({ refused: error?.message ?? 'the integration is not complete' });
    }
    const { secret, credential } = meant;
    const answer = await inSecretsChild({ kind: store.as, secret, credential }, rest);
    if ('stored' in answer) {
      const { versionId } = answer.stored;
      log.info({ secret, version: versionId.slice(0, 16), as: store.as }, 'secret stored from the page');
      moved(answer.stored);
    }
    return context.json(answer);
  });

  app.onError((error, context) => {
    if (error instanceof BodyTooLargeError) return context.json({ error: { message: error.message } }, 413);
    if (error instanceof BadRequest) return context.json({ error: { message: error.message } }, 400);
    const message = error instanceof ChildError ? `Reading the file ${error.message}.` : error.message;
    log.error({ message }, 'the page for integrations failed');
    return context.json({ error: { message } }, 500);
  });
  return app;
}

/** What a page of this server does not send. */
class BadRequest extends Error {
  constructor() {
    super('This is not what the page sends; load it anew.');
    this.name = 'BadRequest';
  }
}

async function read<T>(context: Context<Env>, schema: z.ZodType<T>): Promise<T> {
  if (context.req.header('content-type') !== 'application/json') throw new BadRequest();
  return valid(schema, await wholeBody(context.env.incoming, LARGEST_FORM));
}

function valid<T>(schema: z.ZodType<T>, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new BadRequest();
  }
}

/** The file itself stays here. */
function shown({ meant, edit, remarks }: Draft): object {
  return { meant, remarks, hunks: edit?.hunks };
}
