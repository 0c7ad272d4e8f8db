import { readFileSync } from 'node:fs';

/** One instruction of a Dockerfile, its continued lines joined. */
export interface Instruction {
  /** In capitals, for example "COPY". */
  readonly keyword: string;
  /** What follows the keyword. */
  readonly text: string;
}

/** What stands between one FROM and the next. */
export interface Stage {
  /** An earlier stage's name, or an image. */
  readonly from: string;
  readonly name: string;
  readonly instructions: readonly Instruction[];
}

/** How an image is run when nobody says otherwise. */
export interface ImageConfig {
  /** `uid:gid`; undefined when the stages leave it to the base image. */
  readonly user: string | undefined;
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  /** The command of HEALTHCHECK; undefined when there is none. */
  readonly healthcheck: readonly string[] | undefined;
}

/** A Dockerfile's stages by name, in their order. */
export type Dockerfile = ReadonlyMap<string, Stage>;

/**
 * Reads a Dockerfile of the plain kind: named stages, no ARG, no heredoc.
 *
 * @throws Error on a stage without a name
 */
export function readDockerfile(file: string): Dockerfile {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const stages = new Map<string, Stage>();
  let instructions: Instruction[] = [];
  for (const line of lines
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')) {
    const [, keyword = '', text = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    if (keyword !== 'FROM') {
      instructions.push({ keyword, text });
      continue;
    }
    const [, from, name] = /^(\S+) AS (\S+)$/.exec(text) ?? [];
    if (from === undefined || name === undefined) {
      throw new Error(`${file}: "FROM ${text}" gives its stage no name; write FROM … AS name`);
    }
    instructions = [];
    stages.set(name, { from, name, instructions });
  }
  return stages;
}

/** The stage and those that it is built on, the first one first. */
export function lineage(dockerfile: Dockerfile, name: string): Stage[] {
  const stage = dockerfile.get(name);
  return stage === undefined ? [] : [...lineage(dockerfile, stage.from), stage];
}

/** All instructions that make an image, from its base image on. */
export function instructionsOf(dockerfile: Dockerfile, name: string): Instruction[] {
  return lineage(dockerfile, name).flatMap(({ instructions }) => instructions);
}

/** How the image of a stage is run. */
export function imageConfig(dockerfile: Dockerfile, name: string): ImageConfig {
  const all = instructionsOf(dockerfile, name);
  const last = (keyword: string) => all.findLast((instruction) => instruction.keyword === keyword)?.text;
  const env = all.filter(({ keyword }) => keyword === 'ENV').map(({ text }) => text.split(/=(.*)/s).slice(0, 2));
  const healthcheck = last('HEALTHCHECK');
  return {
    user: last('USER'),
    workdir: last('WORKDIR') ?? '/',
    env: Object.fromEntries(env),
    entrypoint: execForm('ENTRYPOINT', last('ENTRYPOINT')),
    command: execForm('CMD', last('CMD')),
    healthcheck: healthcheck === undefined ? undefined : execForm('HEALTHCHECK', healthcheck.replace(/^.*? CMD /, '')),
  };
}

/** A COPY's sources, its target, and the stage it takes them from; undefined when that is the build context. */
export function parseCopy(text: string): { from: string | undefined; sources: string[]; target: string } {
  const [, from, rest = ''] = /^(?:--from=(\S+) )?(.*)$/.exec(text) ?? [];
  const words = rest.split(' ');
  return { from, sources: words.slice(0, -1), target: words.at(-1) ?? '' };
}

/** A command as JSON array: the only form that starts no shell. */
function execForm(keyword: string, text: string | undefined): string[] {
  if (text === undefined) {
    return [];
  }
  if (!text.startsWith('[')) {
    throw new Error(`${keyword} ${text}: write it as a JSON array, or a shell stands between Docker and the program`);
  }
  return JSON.parse(text);
}
