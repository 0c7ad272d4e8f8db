import { z } from 'zod';
import { Template, TemplateError } from './template.ts';

/** A template with at least one reference, or, where `literal` is allowed, plain text. */
export function template(options: { literal: boolean } = { literal: false }): z.ZodType<Template> {
  return z.string('must be a text with a reference such as "{{ api_key }}"').transform((text, context) => {
    try {
      const parsed = Template.parse(text);
      if (parsed.references.length > 0 || options.literal) return parsed;
      context.addIssue({
        code: 'custom',
        message: 'has no reference into the secret',
        params: {
          mend: 'write "{{ field }}" for a field of a JSON secret or "{{ . }}" for the whole secret; a key itself never stands in this file',
        },
      });
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      context.addIssue({ code: 'custom', message: error.message, params: { mend: error.mend } });
    }
    return z.NEVER;
  });
}
