import { randomUUID } from 'node:crypto';
import { awsNow } from '../aws/aws-clock.ts';
import { SecretError } from './secret-error.ts';
import type { SecretVersion } from './secret-version.ts';

/** The VersionIds that are written here begin so: a UUID follows. */
const OURS = 'attache-';

/** Those of versions that hold less than was hoped for: the first in a row, and those that follow. */
const LACKING = 'attache-lacking-';
const STILL_LACKING = 'attache-still-lacking-';

/** A secret is written at most once in this time, in ms: AWS keeps 100 versions, and none younger than a day is dropped. */
const MOST_OFTEN = 10 * 60_000;

/** The same after a version that holds less than was hoped for, but once in a row, in ms. */
const SOONER = 60_000;

/** A version that is to be written. The same id with the same value makes one version, however often it is sent. */
export interface NewVersion {
  /** Its VersionId, 32 to 64 characters: what AWS calls a ClientRequestToken. */
  readonly id: string;
  readonly value: string;
}

/**
 * A version with this value, under an id of its own.
 *
 * @param lacking the id of the version before, where the value holds less than was hoped for, so that it should be replaced soon.
 */
export function newVersion(value: string, lacking?: string): NewVersion {
  const isSecond = lacking?.startsWith(LACKING) === true || lacking?.startsWith(STILL_LACKING) === true;
  const lacks = isSecond ? STILL_LACKING : LACKING;
  return { id: (lacking === undefined ? OURS : lacks) + randomUUID(), value };
}

/**
 * @throws SecretError `written_too_often` when the version that would be replaced was written here less than ten minutes ago; less
 *   than one minute ago when it is the first that lacks something.
 */
export function mayBeReplaced(secretId: string, { id, createdAt }: SecretVersion): void {
  const age = createdAt === undefined ? Number.POSITIVE_INFINITY : awsNow() - createdAt;
  if (id.startsWith(OURS) && age < (id.startsWith(LACKING) ? SOONER : MOST_OFTEN))
    throw new SecretError(secretId, 'written_too_often', `written ${Math.round(age / 1_000)} s ago`);
}
