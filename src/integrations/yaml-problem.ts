import type { YAMLError } from 'yaml';
import type { Place, Problem } from './problem.ts';

/** An error of the YAML parser as a problem. */
export function yamlProblem(error: YAMLError, place: Place): Problem {
  const [reason, mend] = explain(error);
  return { ...place, severity: 'error', reason, mend };
}

function explain(error: YAMLError): [reason: string, mend: string] {
  switch (error.code) {
    case 'MULTIPLE_DOCS':
      return ['the file holds a second YAML document', 'remove it and the line of three hyphens'];
    default: {
      const message = error.message.replace(/[.\s]+$/, '');
      return [`no valid YAML: ${message}`, 'mend it here, or in the line before'];
    }
  }
}
