import { gunzipSync } from 'node:zlib';
import { createFileRegistry, type FileRegistry, fromBinary } from '@bufbuild/protobuf';
import { type DescriptorProto, type FileDescriptorProto, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { ENVOY_DESCRIPTORS } from './envoy-descriptors.ts';

/** The version of Envoy whose messages are known. */
export const KNOWN_ENVOY = '1.40';

/** Each file behind those that it imports. Read when it is first asked for. */
let shipped: readonly FileDescriptorProto[] | undefined;

/**
 * What these messages of Envoy look like, and all that they consist of. Only that much is made ready, for all of it takes a tenth of
 * a second.
 *
 * @param names full names, such as `envoy.config.route.v3.RouteConfiguration`; those that are not known are left out.
 */
export function envoyMessages(names: Iterable<string>): FileRegistry {
  shipped ??= fromBinary(FileDescriptorSetSchema, gunzipSync(Buffer.from(ENVOY_DESCRIPTORS, 'base64'))).file;
  const wanted = new Set(names);
  const needed = new Set(shipped.filter((file) => messagesOf(file).some((name) => wanted.has(name))).map(nameOf));
  const files = shipped.toReversed().filter((file) => {
    if (!needed.has(file.name)) return false;
    for (const imported of file.dependency) needed.add(imported);
    return true;
  });
  return createFileRegistry({ $typeName: FileDescriptorSetSchema.typeName, file: files.reverse() });
}

function nameOf({ name }: FileDescriptorProto): string {
  return name;
}

function messagesOf(file: FileDescriptorProto): string[] {
  const within = (scope: string, messages: readonly DescriptorProto[]): string[] =>
    messages.flatMap(({ name, nestedType }) => [`${scope}.${name}`, ...within(`${scope}.${name}`, nestedType)]);
  return within(file.package, file.messageType);
}
