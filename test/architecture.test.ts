import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

/** The folders of src/ in the order in which a request passes them: each imports only from itself and from below. */
const ORDER = [
  'renewals',
  'editor',
  'workers',
  'init',
  'add',
  'certs',
  'check',
  'discovery',
  'express',
  'processor',
  'configuration',
  'routes',
  'integrations',
  'callers',
  'credentials',
  'tokens',
  'signing',
  'redaction',
  'secrets',
  'aws',
  'cache',
  'paths',
  'telemetry',
  'admin',
  'vendors',
];

const files = globSync('src/**/*.ts').filter((file) => !file.includes('/gen/'));

function imports(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*'([^']+)'/g)].map(([, target]) => target ?? '');
}

const folderOf = (file: string) => ORDER.indexOf(file.split('/')[1] ?? '');

describe('the source', () => {
  it('imports downwards only', () => {
    const upwards = files.flatMap((file) =>
      imports(file)
        .filter((target) => target.startsWith('.'))
        .map((target) => normalize(join(dirname(file), target)))
        .filter((target) => folderOf(file) >= 0 && folderOf(target) < folderOf(file))
        .map((target) => `${file} imports ${target}`),
    );

    expect(upwards).toEqual([]);
  });

  it('names gRPC in the processor alone', () => {
    const elsewhere = files.filter(
      (file) => !file.startsWith('src/processor/') && imports(file).some((target) => /grpc|\/gen\//.test(target)),
    );

    expect(elsewhere).toEqual([]);
  });

  it('names the SDK of AWS where AWS is called, and nowhere else', () => {
    const elsewhere = files.filter(
      (file) =>
        !/^src\/(secrets\/|aws\/|signing\/|callers\/ec2-)/.test(file) &&
        imports(file).some((target) => /@aws-sdk|@smithy/.test(target)),
    );

    expect(elsewhere).toEqual([]);
  });

  it('has every folder in its place', () => {
    const unknown = files.filter((file) => file.split('/').length > 2 && folderOf(file) < 0);

    expect(unknown).toEqual([]);
  });
});
