import { isScalar } from 'yaml';
import type { Problem } from '../integrations/problem.ts';
import { booleanOf } from '../integrations/yaml-values.ts';
import type { Configuration } from './configuration.ts';

/** Words that are texts to most readers of YAML, and booleans to Envoy. */
const BOOLEAN_WORD = /^(?:y|n|yes|no|on|off)$/i;

/** Words whose meaning depends on who reads them. */
export function* checkBooleans({ source, maps }: Configuration): Generator<Problem> {
  for (const { key, value } of maps.flatMap((map) => source.pairs(map))) {
    const node = source.follow(value);
    for (const scalar of isScalar(node) ? [node] : source.items(node)) {
      // The name of an integration has a rule of its own.
      if (key === 'integration' || !isScalar(scalar) || scalar.type !== 'PLAIN') continue;
      const word = scalar.source ?? '';
      if (BOOLEAN_WORD.test(word))
        yield source.warning(
          scalar,
          `Envoy reads ${word} as a boolean`,
          `write "${word}" for the text, ${booleanOf(scalar)} for the boolean`,
        );
    }
  }
}
