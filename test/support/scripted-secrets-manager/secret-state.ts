import { randomUUID } from 'node:crypto';
import { AwsError, notFound } from './aws-error.ts';

/** What a version holds: one of the two. Binary is base64, as on the wire. */
export interface Content {
  readonly SecretString?: string;
  readonly SecretBinary?: string;
}

/** A version and the labels on it now. */
export interface LabelledVersion {
  readonly id: string;
  readonly content: Content;
  /** Seconds since 1970. */
  readonly createdAt: number;
  readonly stages: readonly string[];
}

/** A label is moved only by who says where it is now. */
export interface LabelMove {
  readonly stage: string;
  readonly to?: string;
  readonly from?: string;
}

const DAY = 86_400;

/**
 * The versions of one secret, the labels on them, and whether it is marked for deletion.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html#term_version
 */
export class SecretState {
  readonly #versions = new Map<string, { readonly content: Content; readonly createdAt: number }>();
  /** Label → VersionId: a label is on one version at most. */
  readonly #labels = new Map<string, string>();
  #deletionAt: number | undefined;

  /** Seconds since 1970; undefined unless it is marked for deletion. */
  get deletionAt(): number | undefined {
    return this.#deletionAt;
  }

  /** Adds a version. The same id with the same content again changes nothing, its labels neither. */
  put(content: Content, stages: readonly string[], id: string = randomUUID()): LabelledVersion {
    this.#refuseWhenDeleted();
    const known = this.#versions.get(id);
    if (known !== undefined && JSON.stringify(known.content) !== JSON.stringify(content)) {
      throw new AwsError('ResourceExistsException', `You can't use ClientRequestToken ${id} for another value.`);
    }
    if (known !== undefined) return this.version(id);
    this.#versions.set(id, { content, createdAt: seconds() });
    for (const stage of stages) this.#label(stage, id);
    return this.version(id);
  }

  /** Moves, adds or takes off a label. AWSPREVIOUS follows AWSCURRENT by itself. */
  move({ stage, to, from }: LabelMove): void {
    this.#refuseWhenDeleted();
    for (const id of [to, from]) {
      if (id !== undefined && !this.#versions.has(id)) throw notFound(`secret version: ${id}`);
    }
    const holder = this.#labels.get(stage);
    if (to === undefined && from === undefined) {
      throw invalid('You must specify MoveToVersionId or RemoveFromVersionId.');
    }
    if (from === undefined ? holder !== undefined && holder !== to : holder !== from) {
      throw invalid(`The staging label ${stage} is currently attached to ${holder ?? 'no version'}.`);
    }
    if (to === undefined) this.#labels.delete(stage);
    else this.#label(stage, to);
  }

  /** A version by its id. */
  version(id: string): LabelledVersion {
    const found = this.#versions.get(id);
    if (found === undefined) throw notFound(`secret version: ${id}`);
    const stages = [...this.#labels].filter(([, holder]) => holder === id).map(([stage]) => stage);
    return { id, ...found, stages };
  }

  /** What GetSecretValue gives: a version by its id, or by a label. */
  read(id: string | undefined, stage: string): LabelledVersion {
    this.#refuseWhenDeleted();
    if (id !== undefined) return this.version(id);
    const holder = this.#labels.get(stage);
    if (holder === undefined) throw notFound(`secret value for staging label: ${stage}`);
    return this.version(holder);
  }

  /** VersionId → labels, without versions that have none. */
  labels(): Record<string, string[]> {
    const byVersion: Record<string, string[]> = {};
    for (const [stage, id] of this.#labels) {
      byVersion[id] = [...(byVersion[id] ?? []), stage];
    }
    return byVersion;
  }

  /** Marks it for deletion: until then it can be restored, and cannot be read. */
  delete(recoveryDays: number): number {
    this.#refuseWhenDeleted();
    if (recoveryDays < 7 || recoveryDays > 30) {
      throw invalid('RecoveryWindowInDays value must be between 7 and 30 days (inclusive).');
    }
    this.#deletionAt = seconds() + recoveryDays * DAY;
    return this.#deletionAt;
  }

  /** Takes the mark for deletion off. */
  restore(): void {
    this.#deletionAt = undefined;
  }

  #label(stage: string, id: string): void {
    const before = this.#labels.get(stage);
    this.#labels.set(stage, id);
    if (stage === 'AWSCURRENT' && before !== undefined && before !== id) this.#labels.set('AWSPREVIOUS', before);
  }

  #refuseWhenDeleted(): void {
    if (this.#deletionAt === undefined) return;
    throw new AwsError(
      'InvalidRequestException',
      "You can't perform this operation on the secret because it was marked for deletion.",
    );
  }
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}

function seconds(): number {
  return Date.now() / 1_000;
}
