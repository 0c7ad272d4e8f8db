import { expect, test } from 'vitest';
import { serviceOf } from './support/compose-file.ts';
import { imageConfig, instructionsOf, lineage, parseCopy } from './support/dockerfile.ts';
import { dockerfile, local, textOf } from './support/files.ts';

const attache = imageConfig(dockerfile, 'attache');
const targets = Object.values(local.services).flatMap(({ build }) => (build === undefined ? [] : [build.target]));

test('every base image is pinned to a version, and Node to the major version that this runs on', () => {
  const [major] = process.versions.node.split('.');
  for (const { from } of dockerfile.values()) {
    expect([...dockerfile.keys(), from.match(/^node:\d+\.\d+\.\d+-/)?.input], from).toContain(from);
  }
  expect(lineage(dockerfile, 'attache')[0]?.from).toMatch(new RegExp(`^node:${major}\\.`));
});

test('the images run as users of their own, by number, and none as root', () => {
  const users = targets.map((target) => imageConfig(dockerfile, target).user);
  expect(users).toHaveLength(2);
  expect(new Set(users).size).toBe(2);
  for (const user of users) {
    // 1000 and the like are a person's: on the host, that person could look into the process.
    expect(user).toMatch(/^11\d{3}:11\d{3}$/);
  }
});

test('the last stage is Attaché: what a plain docker build makes', () => {
  expect([...dockerfile.keys()].at(-1)).toBe('attache');
});

test('the image of Attaché holds what runs, and no development dependencies', () => {
  const copies = instructionsOf(dockerfile, 'attache').filter(({ keyword }) => keyword === 'COPY');
  expect(copies.map(({ text }) => parseCopy(text))).toEqual([
    { from: undefined, sources: ['package.json', 'LICENSE'], target: './' },
    { from: 'packages', sources: ['/app/node_modules'], target: './node_modules' },
    { from: 'build', sources: ['/app/dist'], target: './dist' },
  ]);
  const commands = instructionsOf(dockerfile, 'packages').filter(({ keyword }) => keyword === 'RUN');
  expect(commands.map(({ text }) => text)).toEqual(['npm ci --omit=dev --ignore-scripts']);
});

test('the builder is sent what the stages copy, and nothing else', () => {
  const copied = [...dockerfile.keys()]
    .flatMap((stage) => instructionsOf(dockerfile, stage))
    .filter(({ keyword }) => keyword === 'COPY')
    .map(({ text }) => parseCopy(text))
    .flatMap(({ from, sources }) => (from === undefined ? sources : []));
  const [first, ...rest] = textOf('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  expect(first).toBe('*');
  expect(rest.toSorted()).toEqual([...new Set(copied)].map((path) => `!${path}`).toSorted());
});

test('Attaché is started by Docker itself, without a shell that would keep SIGTERM to itself', () => {
  expect(attache.entrypoint).toEqual(['node', '/app/dist/main.js']);
  expect(attache.command).toEqual(['serve']);
  expect(attache.workdir).toBe('/app');
  expect(serviceOf(local, 'attache').command).toBeUndefined();
});
