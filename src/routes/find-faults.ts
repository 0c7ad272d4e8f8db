import {
  type DescField,
  type DescMessage,
  fromJson,
  type JsonValue,
  type Registry,
  ScalarType,
} from '@bufbuild/protobuf';
import { isMap, isScalar, isSeq, type Node } from 'yaml';
import { didYouMean } from '../integrations/closest.ts';
import { MOST_PROBLEMS, type Problem } from '../integrations/problem.ts';
import type { YamlSource } from '../integrations/yaml-source.ts';
import { textOf } from '../integrations/yaml-values.ts';
import { KNOWN_ENVOY } from './descriptors.ts';
import { envoyJson, envoyJsonObject, hasOtherBase } from './envoy-json.ts';

/** Messages that protobuf's JSON writes in a form of their own: as one value, or as any map. */
const OWN_FORM = /^google\.protobuf\.(?:Duration|Timestamp|FieldMask|Struct|Value|ListValue|Empty|[A-Za-z0-9]+Value)$/;
const ANY = 'google.protobuf.Any';

/** The full name of a message in an `@type`: what stands behind the last slash. */
export function typeNameOf(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}

/** Why a node is no such message, with each place; nothing when it is one. Values are not repeated. */
export function findFaults(source: YamlSource, root: Node, message: DescMessage, registry: Registry): Problem[] {
  const faults = new FaultFinder(source, registry).ofMessage(message, root, 'route_config');
  const found: Problem[] = [];
  for (const fault of faults) if (found.push(fault) === MOST_PROBLEMS) break;
  return found;
}

class FaultFinder {
  readonly #source: YamlSource;
  readonly #registry: Registry;

  constructor(source: YamlSource, registry: Registry) {
    this.#source = source;
    this.#registry = registry;
  }

  /** @param path what people call the node. */
  *ofMessage(desc: DescMessage, node: Node, path: string): Generator<Problem> {
    if (desc.typeName === ANY) yield* this.#ofAny(node, path);
    else if (!OWN_FORM.test(desc.typeName)) yield* this.#ofFields(desc, node, path);
    else if (!this.#isJsonOf(desc, envoyJson(this.#source, node)))
      yield this.#source.error(node, `${path} is no ${shortOf(desc)}`, formOf(desc));
  }

  *#ofAny(node: Node, path: string): Generator<Problem> {
    const source = this.#source;
    const typeNode = source.get(node, '@type');
    const name = typeNameOf(textOf(typeNode) ?? '');
    const desc = this.#registry.getMessage(name);
    const value = source.get(node, 'value');
    if (name === '') {
      yield source.error(node, `${path} has no @type`, 'say which message this is, with "@type"');
    } else if (desc === undefined) {
      yield source.error(
        typeNode,
        `${name} is no message that Attaché knows to stand under a route of Envoy ${KNOWN_ENVOY}, so these routes cannot be given to Envoy while it runs`,
        'mend the name, or write the routes into their listener (route_config in place of rds), where Envoy reads them when it starts',
      );
    } else if (!OWN_FORM.test(desc.typeName)) {
      yield* this.#ofFields(desc, node, path, '@type');
    } else if (value !== undefined) {
      yield* this.ofMessage(desc, value, `${path}.value`);
    }
  }

  /** @param besides a key that is no field. */
  *#ofFields(desc: DescMessage, node: Node, path: string, besides?: string): Generator<Problem> {
    const source = this.#source;
    if (!isMap(node)) {
      yield source.error(node, `${path} is no map of fields`, `write the fields of ${shortOf(desc)}`);
      return;
    }
    let isGood = true;
    for (const { key, keyNode, value: written } of source.pairs(node)) {
      const field = desc.fields.find(({ name, jsonName }) => name === key || jsonName === key);
      const value = source.follow(written);
      if (key === besides || value === undefined || (isScalar(value) && value.value === null)) continue;
      const faults = field === undefined ? [noField(source, desc, key, keyNode)] : this.#ofField(field, value, key);
      for (const fault of faults) {
        isGood = false;
        yield fault;
      }
    }
    const { [besides ?? '']: _, ...json } = envoyJsonObject(source, node);
    if (isGood && !this.#isJsonOf(desc, json))
      yield source.error(
        node,
        `the fields of ${path} exclude one another`,
        `look ${shortOf(desc)} up in Envoy's reference`,
      );
  }

  *#ofField(field: DescField, value: Node, key: string): Generator<Problem> {
    const source = this.#source;
    if (field.fieldKind === 'list' && !isSeq(value)) {
      yield source.error(value, `${key} is no list`, `write ${key}: [ … ]`);
    } else if (field.fieldKind === 'map' && !isMap(value)) {
      yield source.error(value, `${key} is no map`, `write ${key}: { … }`);
    } else if (field.fieldKind === 'list') {
      for (const item of source.items(value)) yield* this.#ofValue(field, item, key);
    } else if (field.fieldKind === 'map') {
      for (const pair of source.pairs(value)) {
        const item = source.follow(pair.value);
        if (item !== undefined) yield* this.#ofValue(field, item, pair.key);
      }
    } else {
      yield* this.#ofValue(field, value, key);
    }
  }

  *#ofValue(field: DescField, value: Node, key: string): Generator<Problem> {
    const source = this.#source;
    if (field.message !== undefined) {
      yield* this.ofMessage(field.message, value, key);
      return;
    }
    const json = envoyJson(source, value);
    const isText = field.fieldKind === 'map' && field.mapKey === ScalarType.STRING;
    const whole =
      field.fieldKind === 'list' ? [json] : field.fieldKind === 'map' ? { [isText ? 'key' : '1']: json } : json;
    if (this.#isJsonOf(field.parent, { [field.name]: whole })) return;
    if (hasOtherBase(value)) {
      yield source.error(value, `Envoy reads ${key} as a number of another base than ten`, 'write it in quotes');
    } else if (field.enum !== undefined) {
      const names = field.enum.values.map(({ name }) => name).join(', ');
      yield source.error(value, `${key} is none of the values that there are`, `write one of ${names}`);
    } else {
      yield source.error(
        value,
        `${key} is no ${kindOf(field)}`,
        `write a ${kindOf(field)}${isTextField(field) ? ', in quotes' : ''}`,
      );
    }
  }

  #isJsonOf(desc: DescMessage, json: JsonValue): boolean {
    try {
      fromJson(desc, json, { registry: this.#registry });
      return true;
    } catch {
      return false;
    }
  }
}

function noField(source: YamlSource, desc: DescMessage, key: string, node: Node | undefined): Problem {
  const names = desc.fields.map(({ name }) => name);
  const mend = names.length === 0 ? 'take it away' : didYouMean(key, names);
  return source.error(node, `${shortOf(desc)} of Envoy ${KNOWN_ENVOY} has no field ${key}`, mend);
}

function isTextField({ scalar }: DescField): boolean {
  return scalar === ScalarType.STRING;
}

function shortOf({ typeName }: DescMessage): string {
  return typeName.slice(typeName.lastIndexOf('.') + 1);
}

function formOf(desc: DescMessage): string {
  switch (shortOf(desc)) {
    case 'Duration':
      return 'write seconds, such as 0.25s';
    case 'BoolValue':
      return 'write true or false';
    case 'StringValue':
      return 'write a text, in quotes if it looks like a number';
    case 'Struct':
      return 'write a map';
    case 'UInt32Value':
    case 'UInt64Value':
      return 'write a whole number, 0 or more';
    case 'Int32Value':
    case 'Int64Value':
      return 'write a whole number';
    default:
      return `look ${shortOf(desc)} up in protobuf's JSON mapping`;
  }
}

function kindOf(field: DescField): string {
  switch (field.scalar) {
    case ScalarType.BOOL:
      return 'boolean';
    case ScalarType.STRING:
      return 'text';
    case ScalarType.BYTES:
      return 'text in base64';
    default:
      return 'number that fits';
  }
}
