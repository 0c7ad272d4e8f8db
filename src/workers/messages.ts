import type { Counts, Report } from '../admin/report.ts';
import type { Configuration } from '../configuration/configuration.ts';
import type { Verdict } from '../processor/route-discovery.ts';
import type { LabelMoved } from '../secrets/label-events.ts';

/**
 * What the supervisor says to a worker. All messages are plain data: they cross a process boundary as JSON.
 *
 * @typeParam Settings what the settings are; the supervisor only passes them on.
 */
export type ToWorker<Settings = unknown> =
  | {
      readonly kind: 'start';
      readonly worker: number;
      readonly settings: Settings;
      /** The configuration as it last was without mistakes: the file may have one by now. */
      readonly configuration: Configuration;
      /** What all workers seal with, in base64. Never logged. */
      readonly sealKey: string;
    }
  /** A part of another configuration. The next one follows when the worker says that it has this one, so that none waits in a row. */
  | ConfigurationPage
  /** Answers by the configuration of this version, which it has made ready. */
  | { readonly kind: 'use'; readonly version: string }
  /** Gives the routes of that to Envoy. */
  | { readonly kind: 'publish'; readonly version: string }
  /** Refuses new requests to what that has taken away. */
  | { readonly kind: 'settle' }
  /** Asks for a sign of life. */
  | { readonly kind: 'ping' }
  | { readonly kind: 'report'; readonly question: number }
  /** AWSCURRENT of a secret is said to have moved. */
  | { readonly kind: 'moved'; readonly event: LabelMoved }
  /** Ends the worker, once calls under way are answered or `grace` ms have passed. */
  | { readonly kind: 'drain'; readonly grace: number };

/** What a worker says to the supervisor: counts, states and sentences, never a secret and never an error object. */
export type FromWorker =
  | { readonly kind: 'pong'; readonly counts: Counts }
  | { readonly kind: 'report'; readonly question: number; readonly report: Report }
  /** It has got a part of a configuration. */
  | { readonly kind: 'page'; readonly delivery: number; readonly index: number }
  /** It has made a configuration ready, unless there is a problem. */
  | { readonly kind: 'prepared'; readonly version: string; readonly problem?: string }
  /** It answers by a configuration, or cannot. */
  | { readonly kind: 'used'; readonly version: string }
  /** What Envoy makes of the routes of a configuration. */
  | { readonly kind: 'published'; readonly version: string; readonly verdict: Verdict }
  /** Envoy rejects routes, in its own words. */
  | { readonly kind: 'rejected'; readonly reason: string }
  /** It listens, and the first reading of its secrets was tried. */
  | { readonly kind: 'ready' }
  /** It cannot start; `settings` when that is for settings which contradict each other. */
  | { readonly kind: 'failed'; readonly sentence: string; readonly settings: boolean }
  /** No call is under way any more. It ends as soon as the supervisor closes the channel. */
  | { readonly kind: 'drained'; readonly counts: Counts };

/** A page of a configuration, in order from 0 to `of` - 1. */
export interface ConfigurationPage {
  readonly kind: 'page';
  /** Counts the configurations that were handed over to this worker: the same one may be so twice. */
  readonly delivery: number;
  readonly version: string;
  readonly size: number;
  readonly index: number;
  readonly of: number;
  readonly text: string;
}
