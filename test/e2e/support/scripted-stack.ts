import { type LocalAws, seed } from '../../../local/aws.ts';
import { type Stack, type StackOptions, startStack } from '../../../local/stack.ts';
import {
  type ScriptedSecretsManager,
  startScriptedSecretsManager,
} from '../../support/scripted-secrets-manager/scripted-secrets-manager.ts';

/** The whole stack, with a Secrets Manager that fails as the test says. */
export interface ScriptedStack extends AsyncDisposable {
  readonly stack: Stack;
  readonly aws: ScriptedSecretsManager;
  /** When AWS was last asked for a secret before `fault` met the calls for it, in ms since 1970. */
  lastReadBefore(secret: string, at: number): number;
}

/** Starts it with the three secrets of envoy.yaml and those that `prepare` puts there, and Attaché with these variables. */
export async function startScriptedStack(
  env: Readonly<Record<string, string>>,
  options: Pick<StackOptions, 'edit' | 'upstream'> = {},
  prepare?: (aws: LocalAws) => Promise<void>,
): Promise<ScriptedStack> {
  await using starting = new AsyncDisposableStack();
  const aws = starting.use(await startScriptedSecretsManager());
  const stack = starting.use(await startStack({ ...options, aws: aws.aws, attache: false }));
  await seed(aws.aws, stack.keys);
  await prepare?.(aws.aws);
  await stack.startAttache(env);
  const running = starting.move();
  return {
    stack,
    aws,
    lastReadBefore: (secret, at) =>
      Math.max(
        ...aws.calls.entries
          .filter((call) => call.secret === secret && call.operation === 'GetSecretValue')
          .map((call) => call.at.getTime())
          .filter((time) => time < at),
      ),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
