import { awsNow } from '../aws/aws-clock.ts';
import type { OneWriter } from '../secrets/one-writer.ts';
import { SecretVersion } from '../secrets/secret-version.ts';
import type { Renewed } from '../tokens/renewal.ts';
import type { GrantToRenew, Replaced, WriteBack } from '../tokens/write-back.ts';
import { machineNow } from './messages.ts';
import type { Renewer } from './renewer.ts';

/** Renews grants one process at a time: here the lease is taken, so that a process is started only where it has something to do. */
export class Grants implements WriteBack {
  readonly #writer: OneWriter;
  readonly #renewer: Renewer;

  constructor(writer: OneWriter, renewer: Renewer) {
    this.#writer = writer;
    this.#renewer = renewer;
  }

  async replace(
    from: SecretVersion,
    { origin, oauth2, unanswered }: GrantToRenew,
    given: () => void,
  ): Promise<Replaced> {
    let renewed: Renewed | undefined;
    const current = await this.#writer.replace(origin.secretId, from, async (inherited) => {
      renewed = await this.#renewer.renew(
        origin,
        {
          secretId: origin.secretId,
          from: { id: from.id, value: from.reveal() },
          oauth2,
          beginBy: machineNow() + BEGUN_WITHIN,
          unanswered: inherited ? CUT_OFF : unanswered,
        },
        given,
      );
      const { stored } = renewed;
      return stored && new SecretVersion(stored.id, stored.value, { createdAt: awsNow() });
    });
    return renewed === undefined ? { current } : { current, renewed };
  }
}

/**
 * How long it may take to begin once the lease is taken, in ms, on a machine that is very busy. With the time that the answer may
 * take it is still less than after which others take the lease for theirs.
 */
const BEGUN_WITHIN = 20_000;

const CUT_OFF = 'a process that renewed it ended before it had stored the answer';
