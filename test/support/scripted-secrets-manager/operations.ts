import { randomBytes } from 'node:crypto';
import { AwsError, notFound } from './aws-error.ts';
import { type Content, SecretState } from './secret-state.ts';

/** The members of a call's body. */
export type Input = Readonly<Record<string, unknown>>;

interface Named {
  readonly name: string;
  readonly arn: string;
  readonly state: SecretState;
}

/** The secrets of one account. Every Region sees the same ones, as if each were a replica that never lags. */
export class Account {
  /** By name, and by ARN without its Region, with its random ending and without it. */
  readonly #secrets = new Map<string, Named>();
  readonly #operations: Readonly<Record<string, (input: Input) => object>> = {
    CreateSecret: (input) => this.#create(input),
    PutSecretValue: (input) => {
      const { name, arn, state } = this.#find(input);
      const version = state.put(contentOf(input), stagesOf(input), text(input, 'ClientRequestToken'));
      return { ARN: arn, Name: name, VersionId: version.id, VersionStages: version.stages };
    },
    UpdateSecretVersionStage: (input) => {
      const { name, arn, state } = this.#find(input);
      const to = text(input, 'MoveToVersionId');
      const from = text(input, 'RemoveFromVersionId');
      state.move({
        stage: text(input, 'VersionStage') ?? '',
        ...(to === undefined ? {} : { to }),
        ...(from === undefined ? {} : { from }),
      });
      return { ARN: arn, Name: name };
    },
    GetSecretValue: (input) => this.#read(input),
    BatchGetSecretValue: (input) => {
      const ids = Array.isArray(input.SecretIdList) ? input.SecretIdList.map(String) : [];
      if (ids.length < 1 || ids.length > 20) {
        throw new AwsError('InvalidParameterException', 'SecretIdList must have between 1 and 20 items.');
      }
      const SecretValues: object[] = [];
      const Errors: object[] = [];
      for (const SecretId of ids) {
        try {
          SecretValues.push(this.#read({ SecretId }));
        } catch (error) {
          if (!(error instanceof AwsError)) throw error;
          Errors.push({ SecretId, ErrorCode: error.name, Message: error.message });
        }
      }
      return { SecretValues, Errors };
    },
    DescribeSecret: (input) => {
      const { name, arn, state } = this.#find(input);
      const deleted = state.deletionAt === undefined ? {} : { DeletedDate: state.deletionAt };
      return { ARN: arn, Name: name, VersionIdsToStages: state.labels(), ...deleted };
    },
    DeleteSecret: (input) => {
      const { name, arn, state } = this.#find(input);
      const days = input.RecoveryWindowInDays;
      return { ARN: arn, Name: name, DeletionDate: state.delete(typeof days === 'number' ? days : 30) };
    },
    RestoreSecret: (input) => {
      const { name, arn, state } = this.#find(input);
      state.restore();
      return { ARN: arn, Name: name };
    },
  };

  /**
   * Answers one call.
   *
   * @throws AwsError as AWS does.
   */
  call(operation: string, input: Input): object {
    const run = this.#operations[operation];
    if (run === undefined) throw new AwsError('UnknownOperationException', `${operation} is not scripted`);
    return run(input);
  }

  #create(input: Input): object {
    const name = text(input, 'Name') ?? '';
    if (this.#secrets.has(name)) {
      throw new AwsError('ResourceExistsException', `The operation failed because the secret ${name} already exists.`);
    }
    const ending = randomBytes(3).toString('hex');
    const arn = `arn:aws:secretsmanager:us-east-1:123456789012:secret:${name}-${ending}`;
    const state = new SecretState();
    const secret = { name, arn, state };
    for (const id of [name, withoutRegion(arn), withoutRegion(arn).slice(0, -7)]) this.#secrets.set(id, secret);
    const content = contentOf(input);
    if (Object.keys(content).length === 0) return { ARN: arn, Name: name };
    const version = state.put(content, ['AWSCURRENT'], text(input, 'ClientRequestToken'));
    return { ARN: arn, Name: name, VersionId: version.id };
  }

  #read(input: Input): object {
    const { name, arn, state } = this.#find(input);
    const version = state.read(text(input, 'VersionId'), text(input, 'VersionStage') ?? 'AWSCURRENT');
    const common = { ARN: arn, Name: name, VersionId: version.id, VersionStages: version.stages };
    return { ...common, CreatedDate: version.createdAt, ...version.content };
  }

  /** By name, by ARN, or by an ARN without its random ending. */
  #find(input: Input): Named {
    const found = this.#secrets.get(withoutRegion(text(input, 'SecretId') ?? ''));
    if (found === undefined) throw notFound('secret');
    return found;
  }
}

function withoutRegion(id: string): string {
  return id.startsWith('arn:') ? id.split(':').with(3, '').join(':') : id;
}

function contentOf(input: Input): Content {
  const value = text(input, 'SecretString');
  const binary = text(input, 'SecretBinary');
  return {
    ...(value === undefined ? {} : { SecretString: value }),
    ...(binary === undefined ? {} : { SecretBinary: binary }),
  };
}

function stagesOf(input: Input): string[] {
  return Array.isArray(input.VersionStages) ? input.VersionStages.map(String) : ['AWSCURRENT'];
}

function text(input: Input, member: string): string | undefined {
  const value = input[member];
  return typeof value === 'string' ? value : undefined;
}
