import { isScalar, type Node } from 'yaml';
import { isNoTextForEnvoy } from './yaml-values.ts';

const NAME = /^[a-z][a-z0-9_-]{0,62}$/;

/**
 * What is wrong with the name of an integration; undefined when nothing is. Envoy sends the name to Attaché as it has read
 * it, so it must be a text for Envoy's parser too.
 */
export function nameFault(node: Node): { readonly reason: string; readonly mend: string } | undefined {
  if (isNoTextForEnvoy(node)) {
    return {
      reason: `Envoy does not read ${String(isScalar(node) ? (node.source ?? '') : '')} as a text`,
      mend: 'quote it or choose another name',
    };
  }
  if (!isScalar(node) || typeof node.value !== 'string')
    return { reason: 'integration is no text', mend: 'write its name' };
  if (NAME.test(node.value)) return undefined;
  return {
    reason: `"${node.value}" is no name of an integration`,
    mend: 'begin with a lower-case letter and go on with letters, digits, - and _, 63 in all',
  };
}
