/** How the process of a worker ended. */
export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Milliseconds it lived. */
  readonly lived: number;
  readonly wasReady: boolean;
  /** It was told to end. */
  readonly asked: boolean;
  /** It gave no sign of life and was killed for it. */
  readonly hung: boolean;
}

/** Why a worker could not start, in its own words. */
export interface StartFailure {
  readonly sentence: string;
  /** Settings contradict each other. */
  readonly settings: boolean;
}

/** Who is told of what a worker says. */
export interface WorkerListener {
  onReady(): void;
  onFailed(failure: StartFailure): void;
  /** Envoy rejects routes, in its own words. */
  onRejected(reason: string): void;
}
