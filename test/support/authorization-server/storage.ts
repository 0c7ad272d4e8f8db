import type { Adapter } from 'oidc-provider';

type Payload = Record<string, unknown>;

/** Everything that the authorization server remembers. Unlike the library's own storage it never evicts anything. */
export class Storage {
  readonly #models = new Map<string, Map<string, Payload>>();

  /** The payloads of a model, by id. */
  of(model: string): Map<string, Payload> {
    const known = this.#models.get(model) ?? new Map<string, Payload>();
    this.#models.set(model, known);
    return known;
  }

  /** What oidc-provider calls an adapter. */
  adapter(model: string): Adapter {
    const payloads = this.of(model);
    const findBy = async (key: string, value: string) => [...payloads.values()].find((found) => found[key] === value);
    return {
      upsert: async (id, payload) => {
        payloads.set(id, payload);
      },
      find: async (id) => payloads.get(id),
      findByUid: (uid) => findBy('uid', uid),
      findByUserCode: (userCode) => findBy('userCode', userCode),
      consume: async (id) => {
        const found = payloads.get(id);
        if (found !== undefined) found.consumed = Math.floor(Date.now() / 1_000);
      },
      destroy: async (id) => {
        payloads.delete(id);
      },
      revokeByGrantId: async (grantId) => {
        for (const [id, payload] of payloads) if (payload.grantId === grantId) payloads.delete(id);
      },
    };
  }
}
