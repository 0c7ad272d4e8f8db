/** Where a path ends once its character is complete. */
export const DONE = -1;

/** Bytes as the characters of a string, each of them one code unit below 256; any one of them is a step. */
type Step = string;

interface Edge {
  readonly byte: number;
  readonly to: number;
}

/** A graph without cycles whose edges are bytes: each path from a character's first node to {@link DONE} spells it. */
export class Graph {
  readonly #edges: Edge[][] = [];
  readonly #shared = new Map<string, number>();
  readonly #longest = new Map<number, number>();
  readonly #origins = new Map<number, number>();

  /** A new node without edges. */
  node(): number {
    return this.#edges.push([]) - 1;
  }

  /** A new node that leads where another one leads. */
  copy(node: number): number {
    const copy = this.#edges.push([...this.edges(node)]) - 1;
    this.#origins.set(copy, node);
    return copy;
  }

  /** The node that a node is a copy of; undefined when it is none. */
  originOf(node: number): number | undefined {
    return this.#origins.get(node);
  }

  /** Adds a path from one node to another. Paths that begin alike share nodes, so that few of them are followed at once. */
  path(from: number, steps: Iterable<Step>, to: number): void {
    const way = [...steps];
    const last = way.pop();
    let node = from;
    for (const step of way) {
      const key = `${node} ${step}`;
      const next = this.#shared.get(key) ?? this.node();
      if (!this.#shared.has(key)) this.#step(node, step, next);
      this.#shared.set(key, next);
      node = next;
    }
    if (last !== undefined) this.#step(node, last, to);
  }

  edges(node: number): readonly Edge[] {
    return this.#edges[node] ?? [];
  }

  /** The number of bytes on the longest path from here to {@link DONE}. */
  longest(node: number): number {
    if (node === DONE) return 0;
    const known = this.#longest.get(node);
    if (known !== undefined) return known;
    const longest = Math.max(0, ...this.edges(node).map(({ to }) => 1 + this.longest(to)));
    this.#longest.set(node, longest);
    return longest;
  }

  /** How many nodes there are. */
  get size(): number {
    return this.#edges.length;
  }

  #step(from: number, step: Step, to: number): void {
    for (const byte of Buffer.from(step, 'latin1')) this.#edges[from]?.push({ byte, to });
  }
}
