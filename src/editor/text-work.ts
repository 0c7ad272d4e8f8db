import { standingIn } from '../add/change-in-text.ts';
import { type Listed, listedIn } from '../add/list-command.ts';
import { examineReadable } from '../add/readable.ts';
import { readText } from '../integrations/read-catalogue.ts';
import type { CredentialBlock } from '../vendors/vendor.ts';
import { type Draft, draftOf, type Remark, remarksOf, versionOf, type Wish } from './draft.ts';
import type { Form, Send } from './form.ts';

/** What is asked about the file. It is read anew for each question. */
export type TextTask =
  | { readonly kind: 'list' }
  | { readonly kind: 'form'; readonly name: string }
  | {
      readonly kind: 'draft';
      readonly wish: Wish;
      readonly fetchDeadline: number;
      readonly version?: string | undefined;
    };

/** A form that is filled in with what the file says, and by what another edit is told from it. */
export interface FilledForm {
  readonly form: Form;
  readonly version: string;
}

/** Answers a question about the file. Never throws for what stands in it, or for what a person typed. */
export async function textWork(
  file: string,
  task: TextTask,
): Promise<
  { readonly integrations: readonly Listed[] } | FilledForm | Draft | { readonly remarks: readonly Remark[] }
> {
  try {
    const text = readText(file);
    if (task.kind === 'list') return { integrations: listedIn(examineReadable(file, text)) };
    if (task.kind === 'form') return filledForm(file, text, task.name);
    const { wish, version } = task;
    if (wish.kind !== 'add' && version !== undefined && filledForm(file, text, wish.name).version !== version)
      return { remarks: [{ severity: 'error', message: CHANGED }] };
    return await draftOf(file, text, wish, task);
  } catch (error) {
    return { remarks: remarksOf(error) };
  }
}

const CHANGED = 'Somebody has changed this integration in the file meanwhile; go back to the list and open it again.';

function filledForm(file: string, text: string, name: string): FilledForm {
  const { host, credential, ...others } = standingIn(examineReadable(file, text), name);
  const form = { api: '', target: `https://${host}`, region: '', name, send: sendOf(credential), ...others };
  return { form, version: versionOf({ form, credential }) };
}

/** The way of sending as the form has it; `kept` for what it has no fields for. */
function sendOf(credential: CredentialBlock): Send {
  const [entry, another] = Object.entries(credential) as [keyof CredentialBlock, unknown][];
  const kept: Send = { kind: 'kept' };
  if (entry === undefined || another !== undefined) return kept;
  const { bearer, basic, headers, query, path, aws_sigv4: aws } = credential;
  if (bearer !== undefined) return { kind: 'bearer', token: bearer };
  if (path !== undefined) return { kind: 'path', path };
  if (basic !== undefined) return { kind: 'basic', username: basic.username ?? '', password: basic.password ?? '' };
  const map = headers ?? query;
  if (map !== undefined && Object.values(map).every((value) => typeof value === 'string')) {
    const fields = Object.entries(map).map(([name, value]) => ({ name, value }));
    return { kind: headers === undefined ? 'query' : 'headers', fields };
  }
  const usual = aws?.service === 's3' ? 'unsigned' : undefined;
  if (aws !== undefined && aws.payload === usual && Object.keys(aws).length === (usual === undefined ? 2 : 3))
    return { kind: 'aws_sigv4', service: aws.service, region: aws.region };
  return kept;
}
