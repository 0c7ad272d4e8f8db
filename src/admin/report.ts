/** How often things happened in a process since it started. */
export interface Counts {
  /** Requests by integration (empty where a route names none) and outcome: `injected`, `discovery`, or the code of the refusal. */
  readonly requests: readonly { readonly integration: string; readonly outcome: string; readonly count: number }[];
  /** Reads of secrets by result. */
  readonly secretChecks: readonly ResultCount[];
  /** Tokens that were asked for, by result. */
  readonly tokens: readonly ResultCount[];
  /** What happened to the lanes of integrations with `lane: express`. Absent: nothing. */
  readonly lanes?: readonly LaneCount[];
  /** Decisions that were to be logged and were not, since the log was not read in time. Absent: none. */
  readonly auditLost?: number;
}

/** How often something happened to the express lane of an integration. */
export interface LaneCount {
  readonly integration: string;
  /**
   * `pushed`: Envoy was given what requests carry. `withdrawn`: it was told to ask about each. `asked`, `asked_again`: it has asked
   * about a first attempt, or about a later one.
   */
  readonly event: string;
  readonly count: number;
}

/** How often something ended in one way. */
export interface ResultCount {
  readonly result: string;
  readonly count: number;
}

/** A secret as one process holds it: nothing of its value. */
export interface SecretReport {
  readonly secret: string;
  /** `fresh`, `stale` or `dead`. */
  readonly state: string;
  readonly version?: string;
  readonly checkedSecondsAgo?: number;
  readonly failure?: string;
  /** By how much the clock of this machine is ahead of AWS's; negative when it is behind. Absent: they hardly differ. */
  readonly clockAheadSeconds?: number;
}

/** The token of one purpose as one process holds it: nothing of its value. */
export interface TokenReport {
  /** The secret that it is got with. */
  readonly secret: string;
  /** Host that gives it. */
  readonly endpoint: string;
  /** The kind, and what is asked for. */
  readonly purpose: string;
  /** `fresh`, `stale` or `dead`. */
  readonly state: string;
  readonly expiresInSeconds?: number;
  readonly failure?: string;
  /** By how much the clock of this machine is ahead of the endpoint's; negative when it is behind. Absent: they hardly differ. */
  readonly clockAheadSeconds?: number;
}

/** What a process that answers Envoy tells of itself. Plain data without any secret, fit to be sent to another process. */
export interface Report {
  readonly uptimeSeconds: number;
  /** Resident memory. */
  readonly memoryBytes: number;
  /** The version of the configuration that it answers by. */
  readonly configuration?: string;
  /** Why the last change of the configuration could not be taken over here; empty when it was. */
  readonly problems: readonly string[];
  /** What else there is to say of it: for what Envoy must be restarted. Absent: nothing. */
  readonly notes?: readonly string[];
  readonly integrations: readonly {
    readonly name: string;
    readonly host: string;
    readonly secret: string;
    readonly sets: readonly string[];
    /** `express` where Envoy is given beforehand what requests carry. Absent: it asks about each attempt. */
    readonly lane?: string;
    /** Whether an Envoy gets that from this process. */
    readonly given?: boolean;
  }[];
  readonly secrets: readonly SecretReport[];
  readonly tokens: readonly TokenReport[];
  readonly counts: Counts;
}

/** A worker as the process that serves the admin address sees it. */
export interface WorkerView {
  /** Its number, from 0. */
  readonly worker: number;
  /** Absent while it is between an end and the next start. */
  readonly pid?: number;
  readonly ready: boolean;
  /** How often another process took its place. */
  readonly restarts: number;
  /** Absent while it does not answer. */
  readonly report?: Report;
}

/** Everything that the admin address tells about. */
export interface Overview {
  /** Whether at least one worker can answer Envoy. */
  readonly ready: boolean;
  /** Of the process that serves the admin address. */
  readonly uptimeSeconds: number;
  /** Resident memory of the supervisor; absent where there is none. */
  readonly supervisorMemoryBytes?: number;
  /** What is wrong with the file, so that the last change of it was taken over nowhere; empty or absent when nothing is. */
  readonly problems?: readonly string[];
  readonly workers: readonly WorkerView[];
  /** Counts of all workers, those that have ended included. */
  readonly counts: Counts;
}
