import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { loadSync, type MessageTypeDefinition, type ServiceDefinition } from '@grpc/proto-loader';

// grpc-js-xds ships Envoy's own .proto files, whole: what our trimmed ones are measured against.
const shipped = join(dirname(createRequire(import.meta.url).resolve('@grpc/grpc-js-xds/package.json')), 'deps');

const envoy = loadSync('envoy/service/ext_proc/v3/external_processor.proto', {
  includeDirs: ['envoy-api', 'xds', 'protoc-gen-validate', 'googleapis'].map((folder) => join(shipped, folder)),
  longs: Number,
  enums: String,
  oneofs: true,
  defaults: true,
});

/** Envoy's own ext_proc messages and service. */
export const ProcessingRequest = envoy['envoy.service.ext_proc.v3.ProcessingRequest'] as MessageTypeDefinition<
  object,
  object
>;
export const ProcessingResponse = envoy['envoy.service.ext_proc.v3.ProcessingResponse'] as MessageTypeDefinition<
  object,
  object
>;
export const ExternalProcessor = envoy['envoy.service.ext_proc.v3.ExternalProcessor'] as ServiceDefinition;
