import type { Configuration } from '../configuration/configuration.ts';
import type { ConfigurationPage, FromWorker } from './messages.ts';

/** Hands a configuration over to a worker, page by page: the next one when it has the one before. */
export class Delivery {
  readonly #send: (page: ConfigurationPage) => void;
  #configuration: Configuration | undefined;
  #delivery = 0;

  constructor(send: (page: ConfigurationPage) => void) {
    this.#send = send;
  }

  /** Begins with the first page. What was not handed over yet of another configuration is left. */
  begin(configuration: Configuration): void {
    this.#configuration = configuration;
    this.#delivery += 1;
    this.#page(0);
  }

  /** The worker has got a page. */
  got({ delivery, index }: Extract<FromWorker, { kind: 'page' }>): void {
    if (delivery === this.#delivery) this.#page(index + 1);
  }

  #page(index: number): void {
    const { version, size, pages } = this.#configuration ?? { version: '', size: 0, pages: [] };
    const text = pages[index];
    if (text === undefined) this.#configuration = undefined;
    else this.#send({ kind: 'page', delivery: this.#delivery, version, size, index, of: pages.length, text });
  }
}

/** Puts together what a {@link Delivery} sends. */
export class Arrival {
  #delivery: number | undefined;
  #pages: string[] = [];

  /** @returns the configuration with its last page; undefined before. A page that does not follow the one before is left aside. */
  add({ delivery, version, size, index, of, text }: ConfigurationPage): Configuration | undefined {
    if (index === 0) {
      this.#delivery = delivery;
      this.#pages = [];
    }
    if (delivery !== this.#delivery || index !== this.#pages.length) return undefined;
    this.#pages.push(text);
    if (this.#pages.length < of) return undefined;
    const pages = this.#pages;
    this.#pages = [];
    this.#delivery = undefined;
    return { version, size, pages, warnings: [] };
  }
}
