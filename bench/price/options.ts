import { Command, InvalidArgumentError } from 'commander';

/** A whole number from the command line, within bounds. */
export function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`Write a whole number from ${least} to ${most}.`);
  };
}

/** Rates from the command line: requests a second, 0 being a closed loop. */
export function rates(text: string): number[] {
  return text.split(',').map(whole(0, 100_000));
}

/** `name=path` from the command line, as often as it stands there. */
export function named(
  text: string,
  others: readonly (readonly [string, string])[] = [],
): (readonly [string, string])[] {
  const [, name, path] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || path === undefined)
    throw new InvalidArgumentError('Write NAME=PATH, such as before=/tmp/before/dist/main.js.');
  return [...others, [name, path]];
}

/** What both commands measure with. */
export function measuring(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option(
      '--rates <list>',
      'requests a second, one after the other; 0 is a closed loop of 16 connections',
      rates,
      [0, 300, 1_000, 2_000],
    )
    .option('--rounds <number>', 'how often each is measured', whole(1, 1_000), 5)
    .option('--seconds <number>', 'how long each of these takes', whole(1, 3_600), 3)
    .option('--integrations <number>', 'how many there are, asked for in turns', whole(1, 5_000), 1)
    .option('--callers', 'with rules for who may use them', false)
    .option('--allow', 'with rules for what may be requested', false)
    .option('--redact', 'with responses searched for the key', false)
    .option('--tokens', 'with an access token in place of the key, got by oauth2', false)
    .option('--audit', "with each decision in Attaché's own log", false)
    .option('--envoy-threads <number>', "Envoy's --concurrency", whole(1, 64), 1)
    .option('--json <file>', 'where all figures are written')
    .allowExcessArguments(false)
    .showHelpAfterError();
}

/** Its options, as `measuring` has them. */
export interface MeasuringOptions {
  readonly rates: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
  readonly integrations: number;
  readonly callers: boolean;
  readonly allow: boolean;
  readonly redact: boolean;
  readonly tokens: boolean;
  readonly audit: boolean;
  readonly envoyThreads: number;
  readonly json?: string;
}

/** How a rate is called. */
export function nameOf(rate: number): string {
  return rate === 0 ? 'closed loop' : `${rate} requests/s`;
}

/** What to type where nothing can send requests. */
export const NO_LOADER =
  'Requests are sent by vegeta: install it (https://github.com/tsenart/vegeta), or Go 1.26 or newer, which builds it here the first time.';
