/** What a route has that takes the injected value out of its responses, besides `redact: true` in its block. */
export const redacting = {
  typed_per_filter_config: {
    redact: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute',
      overrides: {},
    },
  },
} as const;
