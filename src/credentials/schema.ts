import { z } from 'zod';
import { Template, TemplateError } from './template.ts';

/** A template with at least one reference, or, where `literal` is allowed, plain text. */
export function template(options: { literal: boolean } = { literal: false }): z.ZodType<Template> {
  return z.string('must be a text with a reference such as "{{ api_key }}"').transform((text, context) => {
    try {
      const parsed = Template.parse(text);
      const around = aroundFault(parsed);
      if (around !== undefined) {
        context.addIssue({ code: 'custom', message: around.message, params: { mend: around.mend } });
        return z.NEVER;
      }
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

/** What nobody means around the references of a template, wherever it is put. */
function aroundFault(template: Template): { readonly message: string; readonly mend: string } | undefined {
  const text = template.fill('key');
  if (text.trim() !== text) return { message: 'begins or ends with a blank', mend: 'write it without' };
  if (/^(["'`]).*\1$/.test(text)) {
    return { message: 'has quotes in its text, which would be sent', mend: 'write one pair of quotes alone, for YAML' };
  }
  return undefined;
}
