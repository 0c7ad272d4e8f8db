import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { z } from 'zod';

const variables = z
  .array(z.string().regex(/^([A-Z][A-Z0-9_]*|(http|no)_proxy)(=.*)?$/))
  .transform((list) => new Map(list.map((item) => splitOnce(item, '='))));

/** Tagged `!override`, the list takes the place of the earlier file's; otherwise it is merged into it. */
const environment = z.union([
  variables.transform((list) => ({ list, override: false })),
  z.strictObject({ override: variables }).transform(({ override: list }) => ({ list, override: true })),
]);

const networks = z.union([
  z.array(z.string()).transform((names) => new Map(names.map((name): [string, string[]] => [name, []]))),
  z
    .record(z.string(), z.strictObject({ aliases: z.array(z.string()) }).nullable())
    .transform((byName) => new Map(Object.entries(byName).map(([name, on]) => [name, on?.aliases ?? []]))),
]);

const volume = z.union([
  z
    .string()
    .regex(/^(\.\/)?[\w-]+:\/[\w/.-]+(:ro)?$/)
    .transform((text) => {
      const [source = '', target = '', mode] = text.split(':');
      return { source, target, readOnly: mode === 'ro', copy: true };
    }),
  z
    .strictObject({
      type: z.literal('volume'),
      source: z.string(),
      target: z.string(),
      read_only: z.boolean().default(false),
      volume: z.strictObject({ nocopy: z.boolean() }),
    })
    .transform((it) => ({ source: it.source, target: it.target, readOnly: it.read_only, copy: !it.volume.nocopy })),
]);

const port = z
  .string()
  .regex(/^127\.0\.0\.1:\d+:\d+$/, 'must be published on the loopback address alone')
  .transform((text) => {
    const [, published, target] = text.split(':').map(Number);
    return { published, target };
  });

const seconds = z
  .string()
  .regex(/^\d+s$/)
  .transform((text) => Number.parseInt(text, 10));

const service = z.strictObject({
  profiles: z.array(z.string()).optional(),
  image: z.string().optional(),
  build: z.strictObject({ context: z.literal('.'), target: z.string() }).optional(),
  command: z.array(z.string()).optional(),
  environment: environment.optional(),
  user: z
    .string()
    .regex(/^\d+:\d+$/)
    .optional(),
  group_add: z.array(z.string().regex(/^\d+$/)).optional(),
  depends_on: z.record(z.string(), z.strictObject({ condition: z.literal('service_healthy') })).optional(),
  networks: networks.optional(),
  ports: z.array(port).optional(),
  sysctls: z.strictObject({ 'net.ipv4.ip_unprivileged_port_start': z.literal('0') }).optional(),
  volumes: z.array(volume).optional(),
  healthcheck: z
    .strictObject({
      test: z.tuple([z.literal('CMD')], z.string()),
      interval: seconds,
      timeout: seconds,
      start_period: seconds,
      start_interval: seconds,
    })
    .optional(),
  stop_grace_period: seconds.optional(),
  restart: z.literal('unless-stopped').optional(),
  read_only: z.boolean().optional(),
  cap_drop: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  ulimits: z.strictObject({ core: z.number() }).optional(),
});

const schema = z.strictObject({
  name: z.string().optional(),
  services: z.record(z.string(), service),
  networks: z.record(z.string(), z.strictObject({ internal: z.boolean().optional() })).default({}),
  volumes: z
    .record(
      z.string(),
      z.strictObject({
        driver_opts: z.strictObject({ type: z.literal('tmpfs'), device: z.literal('tmpfs'), o: z.string() }).optional(),
      }),
    )
    .default({}),
});

/** A service as it stands in one file. */
type Part = z.output<typeof service>;

/** A service; what no file says is empty. */
export interface Service extends Omit<Part, 'environment' | 'networks' | 'volumes' | 'depends_on' | 'ports'> {
  /** A variable without a value is passed on from the user's shell. */
  readonly environment: ReadonlyMap<string, string | undefined>;
  /** Its networks, each with the service's further names there. */
  readonly networks: ReadonlyMap<string, readonly string[]>;
  readonly volumes: readonly z.output<typeof volume>[];
  readonly depends_on: NonNullable<Part['depends_on']>;
  readonly ports: readonly z.output<typeof port>[];
}

/** One or several Compose files, merged. */
export interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: z.output<typeof schema>['networks'];
  readonly volumes: z.output<typeof schema>['volumes'];
}

/**
 * Reads Compose files and merges them as `docker compose -f one -f two` does, as far as these files need it.
 *
 * @throws Error that names the file when it holds a key or a form of value that is not among those used here, so that
 *   nothing in it goes unchecked
 */
export function readCompose(...files: readonly string[]): Compose {
  const merged = { services: {} as Record<string, Service>, networks: {}, volumes: {} };
  for (const file of files) {
    const parsed = schema.safeParse(parse(file));
    if (!parsed.success) {
      throw new Error(`${file}: ${z.prettifyError(parsed.error)}`);
    }
    Object.assign(merged.networks, parsed.data.networks);
    Object.assign(merged.volumes, parsed.data.volumes);
    for (const [name, part] of Object.entries(parsed.data.services)) {
      merged.services[name] = merge(merged.services[name], part);
    }
  }
  return merged;
}

/** The service of this name. */
export function serviceOf(compose: Compose, name: string): Service {
  const found = compose.services[name];
  if (found === undefined) {
    throw new Error(`there is no service "${name}" among ${Object.keys(compose.services).join(', ')}`);
  }
  return found;
}

function merge(earlier: Service | undefined, part: Part): Service {
  const kept = part.environment?.override === true ? [] : (earlier?.environment ?? []);
  const targets = new Set(part.volumes?.map(({ target }) => target));
  return {
    ...earlier,
    ...part,
    environment: new Map([...kept, ...(part.environment?.list ?? [])]),
    networks: new Map([...(earlier?.networks ?? []), ...(part.networks ?? [])]),
    volumes: [...(earlier?.volumes ?? []).filter(({ target }) => !targets.has(target)), ...(part.volumes ?? [])],
    depends_on: { ...earlier?.depends_on, ...part.depends_on },
    ports: [...(earlier?.ports ?? []), ...(part.ports ?? [])],
  };
}

function parse(file: string): unknown {
  return parseDocument(readFileSync(file, 'utf8'), {
    customTags: [{ tag: '!override', collection: 'seq', resolve: (list) => ({ override: list.toJSON() }) }],
  }).toJS();
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
