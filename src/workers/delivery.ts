import type { Configuration } from '../configuration/configuration.ts';
import type { ConfigurationPage, FromWorker } from './messages.ts';

/** Hands a configuration over to a worker, page by page: the next one when it has the one before. */
export class Delivery {
  readonly #send: (page: ConfigurationPage) => void;
  #configuration: Configuration | undefined;

  constructor(send: (page: ConfigurationPage) => void) {
    this.#send = send;
  }

  /** Begins with the first page. What was not handed over yet of another configuration is left. */
  begin(configuration: Configuration): void {
    this.#configuration = configuration;
    this.#page(0);
  }

  /** The worker has got a page. */
  got({ version, index }: Extract<FromWorker, { kind: 'page' }>): void {
    if (version === this.#configuration?.version) this.#page(index + 1);
  }

  #page(index: number): void {
    const { version, size, pages } = this.#configuration ?? { version: '', size: 0, pages: [] };
    const text = pages[index];
    if (text === undefined) this.#configuration = undefined;
    else this.#send({ kind: 'page', version, size, index, of: pages.length, text });
  }
}

/** Puts together what a {@link Delivery} sends. */
export class Arrival {
  #version: string | undefined;
  #pages: string[] = [];

  /** @returns the configuration with its last page; undefined before. A page that does not follow the one before is left aside. */
  add({ version, size, index, of, text }: ConfigurationPage): Configuration | undefined {
    if (index === 0) {
      this.#version = version;
      this.#pages = [];
    }
    if (version !== this.#version || index !== this.#pages.length) return undefined;
    this.#pages.push(text);
    if (this.#pages.length < of) return undefined;
    const pages = this.#pages;
    this.#pages = [];
    this.#version = undefined;
    return { version, size, pages, warnings: [] };
  }
}
