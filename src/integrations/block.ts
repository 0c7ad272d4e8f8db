import type { Node } from 'yaml';
import { KEYS } from './block-keys.ts';
import { didYouMean } from './closest.ts';
import { readCredentials } from './credentials-of.ts';
import type { CredentialDescription, ServerWide } from './description.ts';
import { expressFaults } from './express-faults.ts';
import { nameFault } from './integration-name.ts';
import type { Problem } from './problem.ts';
import { readCallers } from './read-callers.ts';
import { type RequestOptions, readRequestOptions } from './request-options.ts';
import { secretIdFault } from './secret-id.ts';
import { readSecretOptions, type SecretOptions } from './secret-options.ts';
import type { YamlSource } from './yaml-source.ts';
import { plainOf, textOf } from './yaml-values.ts';

/** What a block says: an integration's definition, or only the name of one that is defined elsewhere. */
export interface Block {
  readonly name: string;
  readonly node: Node;
  readonly nameNode: Node;
  readonly problems: readonly Problem[];
  /** Undefined for a block that only refers, or whose problems leave nothing to use. */
  readonly definition:
    | {
        readonly secretId: string;
        readonly secretNode: Node;
        readonly secretOptions: SecretOptions;
        /** The rules as they were written; undefined for whoever can reach a route. */
        readonly callers: readonly string[] | undefined;
        readonly requestOptions: RequestOptions;
        readonly credentials: readonly CredentialDescription[];
      }
    | undefined;
  readonly refers: boolean;
}

/**
 * Reads a block, with everything that is wrong with it.
 *
 * @param extra keys that may stand in it besides, and are someone else's to read.
 * @returns only the problems when not even the name can be told.
 */
export function readBlock(
  source: YamlSource,
  node: Node | undefined,
  key: Node | undefined,
  serverWide: ServerWide,
  extra: readonly string[] = [],
): Block | { readonly problems: readonly Problem[] } {
  if (source.map(node) === undefined || node === undefined) {
    return {
      problems: [
        source.error(
          node ?? key,
          'this is no attache block',
          'write integration: <name> in it, a secret and a kind of credential',
        ),
      ],
    };
  }
  // Whatever is read of it below, it is modest.
  plainOf(source, node);
  const keys = source.pairs(node).filter((pair) => !extra.includes(pair.key));
  const problems = keys.flatMap((pair) =>
    KEYS.includes(pair.key) ? [] : [unknownKey(source, pair.key, pair.keyNode)],
  );
  const nameNode = source.get(node, 'integration');
  const fault = nameNode && nameFault(nameNode);
  if (nameNode === undefined) {
    const empty = source.key(node, 'integration');
    return {
      problems: [...problems, source.error(empty ?? node, 'the block names no integration', 'add integration: <name>')],
    };
  }
  if (fault !== undefined) return { problems: [...problems, source.error(nameNode, fault.reason, fault.mend)] };
  const name = textOf(nameNode) ?? '';
  if (keys.length === 1) return { name, node, nameNode, problems, definition: undefined, refers: true };

  const secret = readSecret(source, node, name);
  const { credentials, descriptions, problems: faults } = readCredentials(source, node, name);
  const { options: secretOptions, problems: optionFaults } = readSecretOptions(source, node);
  const { callers, problems: callerFaults } = readCallers(source, node, serverWide);
  const writes = credentials.flatMap((credential) => credential.writes);
  const { options: requestOptions, problems: requestFaults } = readRequestOptions(source, node, writes);
  problems.push(...secret.problems, ...optionFaults, ...faults, ...callerFaults, ...requestFaults);
  problems.push(...expressFaults(source, node, { callers, options: requestOptions, credentials, descriptions }));
  const broken = problems.some(({ severity }) => severity === 'error');
  const definition =
    broken || secret.id === undefined
      ? undefined
      : { ...secret.id, secretOptions, callers, requestOptions, credentials: descriptions };
  return { name, node, nameNode, problems, definition, refers: false };
}

function unknownKey(source: YamlSource, key: string, node: Node | undefined): Problem {
  return source.error(node, `"${key}" is no key of an attache block`, didYouMean(key, KEYS));
}

function readSecret(
  source: YamlSource,
  block: Node,
  name: string,
): { id?: { secretId: string; secretNode: Node }; problems: Problem[] } {
  const node = source.get(block, 'secret');
  if (node === undefined) {
    const empty = source.key(block, 'secret');
    return {
      problems: [
        source.error(
          empty ?? block,
          `integration ${name} names no secret`,
          'add secret: <name or ARN in AWS Secrets Manager>',
        ),
      ],
    };
  }
  const text = plainOf(source, node);
  if (typeof text !== 'string') {
    return { problems: [source.error(node, 'secret is no text', 'quote the name or ARN of the secret')] };
  }
  const fault = secretIdFault(text);
  const problems = fault === undefined ? [] : [{ ...source.place(node), ...fault }];
  return fault?.severity === 'error' ? { problems } : { id: { secretId: text, secretNode: node }, problems };
}
