import { grow } from '../add/grow.ts';
import { examineReadable } from '../add/readable.ts';
import { type PlanOptions, planFor } from './plan.ts';

/** What was put into a file, and why. */
export interface Done {
  readonly what: string;
  readonly why: string;
  /** Offset and length in the text that came of it. */
  readonly start: number;
  readonly length: number;
}

/** A file's text with all that Attaché needs. */
export interface Initiated {
  readonly text: string;
  /** In the order in which they were taken; empty when nothing was missing. */
  readonly steps: readonly Done[];
  /** Where callers ask what they may use. */
  readonly discovery: string;
}

/**
 * Puts into the text of an Envoy configuration what it lacks to have integrations. Every byte that was there stays.
 *
 * @throws AddError where that cannot be done, or CatalogueError for a text that is no Envoy configuration of version 3.
 */
export function initText(file: string, text: string, options: PlanOptions): Initiated {
  let now = examineReadable(file, text);
  let grown = text;
  let steps: Done[] = [];
  const plan = planFor(now, options);
  for (const { what, why, growth } of plan.steps) {
    const wanted = growth(now);
    if (wanted === undefined) continue;
    const { insertion, after } = grow(grown, now.source, wanted.collection, wanted.entry, wanted.index);
    const { start, length } = insertion;
    steps = [
      ...steps.map((step) => (step.start >= start ? { ...step, start: step.start + length } : step)),
      { what, why, start, length },
    ];
    [grown, now] = [insertion.text, after];
  }
  return { text: grown, steps, discovery: plan.discovery };
}
