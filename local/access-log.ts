/** One line of Envoy's access log, the audit record; the fields are those of envoy/envoy.yaml. */
export interface AccessLogEntry {
  readonly time: string;
  readonly caller: string | null;
  /** The connection's peer itself; `envoy://…` in a tunnel. */
  readonly peer: string | null;
  /** The URIs in the client's certificate. Null without one. */
  readonly caller_uri: string | null;
  /** The subject of the token that Envoy has verified for Attaché. Null without one. */
  readonly caller_sub: string | null;
  readonly method: string | null;
  readonly host: string | null;
  readonly path: string | null;
  readonly status: number;
  /** Envoy's RESPONSE_CODE_DETAILS: "via_upstream" when the destination answered. */
  readonly why: string | null;
  /** How often Envoy tried; 0 or null when it never got that far. */
  readonly attempts: number | null;
  /** What Attaché said about the request. Null when it was not asked or did not answer. */
  readonly attache: AttacheMetadata | null;
  /** Microseconds Envoy waited for Attaché, on the last attempt. */
  readonly attache_us: number | string | null;
  /** Milliseconds from the first byte that the destination got to the last one that came from it, in the last attempt. */
  readonly upstream_ms: number | string | null;
  /** Milliseconds for the whole request. */
  readonly ms: number | null;
  /** Fields that a test added to the format. */
  readonly [field: string]: unknown;
}

/** The dynamic metadata of Attaché's answer. */
export interface AttacheMetadata {
  readonly decision?: 'injected' | 'denied';
  readonly integration?: string;
  /** The secret's name or ARN. */
  readonly secret?: string;
  /** The beginning of the secret's VersionId. */
  readonly version?: string;
  /** The rule that let the caller in, or who was refused. Absent where everybody may. */
  readonly caller?: string;
  /** The denial's code; absent when the credential was injected. */
  readonly code?: string;
  /** More about the denial. */
  readonly reason?: string;
  readonly [field: string]: unknown;
}

/** Parses a line of Envoy's stdout; undefined when it is not an access-log entry. */
export function parseAccessLog(line: string): AccessLogEntry | undefined {
  if (!line.startsWith('{')) {
    return undefined;
  }
  try {
    return JSON.parse(line) as AccessLogEntry;
  } catch {
    return undefined;
  }
}
