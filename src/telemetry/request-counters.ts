/** How many requests had which outcome; plain numbers, since they are counted on every request. */
export class RequestCounters {
  readonly #counts = new Map<string, Map<string, number>>();

  /**
   * @param integration its name; empty where a route names none.
   * @param outcome `injected`, `discovery`, or the code of the refusal.
   */
  count(integration: string, outcome: string): void {
    let outcomes = this.#counts.get(integration);
    if (outcomes === undefined) {
      // The name comes from Envoy's configuration, but a wrong one could change with every reload.
      if (this.#counts.size >= MOST_NAMES) return;
      outcomes = new Map();
      this.#counts.set(integration, outcomes);
    }
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }

  /** The outcomes that have occurred for an integration. */
  of(integration: string): Record<string, number> {
    return Object.fromEntries(this.#counts.get(integration) ?? []);
  }

  /** Each outcome that has occurred. */
  *rows(): Iterable<{ integration: string; outcome: string; count: number }> {
    for (const [integration, outcomes] of this.#counts) {
      for (const [outcome, count] of outcomes) yield { integration, outcome, count };
    }
  }
}

/** How many integrations are told apart. */
const MOST_NAMES = 10_000;
