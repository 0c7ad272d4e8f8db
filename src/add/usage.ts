import { libraryLines } from '../vendors/library.ts';
import { THIS_MACHINE } from '../vendors/proxy-line.ts';
import type { Addition } from './add-to-text.ts';
import { domainsOf } from './blocks.ts';
import { credentialsIn } from './credentials-in.ts';
import { urlOf } from './listeners.ts';
import type { Wanted } from './wanted.ts';

/** How an integration is used. */
export interface Usage {
  /** What is typed to try it, from near to far; `from` says where, unless it works wherever its name is known. */
  readonly commands: readonly { readonly line: string; readonly from?: string }[];
  /** Whether programs on this machine find its name by the usual proxy line. */
  readonly findsNames: boolean;
  /** The lines of its client libraries. */
  readonly libraries: readonly string[];
}

/** How the integration is used that was added. */
export function usageOf({ name, libraries, command }: Wanted, { isEnvoy, manager }: PlaceOf): Usage {
  const [near = '', local = ''] = domainsOf(name);
  const use = (url: string) => command?.replace('{url}', url) ?? `curl ${url}/`;
  // The port of envoy/envoy.yaml, which is another one outside of the container.
  const isUsual = manager?.port === undefined || (manager.port === 80 && !manager.isTls);
  const url = urlOf(manager?.isLocal === true ? local : near, manager);
  const authority = url.replace(/^https?:\/\//, '');
  const here = isUsual
    ? {
        line: use(`http://${local}:${THIS_MACHINE.split(':')[1]}`),
        from: 'from this machine, with npm start or docker compose',
      }
    : { line: use(urlOf(local, manager)), from: 'from the machine of Envoy' };
  return {
    commands: isEnvoy ? [...(manager?.isLocal === true ? [] : [{ line: use(urlOf(near, manager)) }]), here] : [],
    findsNames: isEnvoy && isUsual,
    libraries: libraryLines(libraries, authority).map((line) => line.replaceAll(`http://${authority}`, url)),
  };
}

type PlaceOf = Pick<Addition, 'isEnvoy' | 'manager'>;

/** What is to be known of an integration before it is used: sentences. */
export function notesOn({ note, inBody, credential, largestBody }: Wanted): readonly string[] {
  return [
    ...(note === undefined ? [] : [`${note}.`]),
    ...(inBody === undefined
      ? []
      : [
          `it also takes a credential in the field ${inBody} of a body, and bodies are passed on as they are: send none.`,
        ]),
    ...(credential.aws_sigv4 === undefined
      ? []
      : [
          ofAws(
            credentialsIn(credential).some((it) => it.readsBody === true),
            largestBody,
          ),
        ]),
  ];
}

/** What callers of AWS must know. */
function ofAws(readsBody: boolean, largest: number): string {
  const bodies = readsBody
    ? ` A body may have up to ${largest} bytes (--max-body), since all of it is signed; a larger one is answered with 413.`
    : '';
  return `a presigned URL is refused with 403, since it holds a signature of the caller: request the same without it.${bodies}`;
}
