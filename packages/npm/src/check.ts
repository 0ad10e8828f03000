// Checks the arguments of a call against the types of the WIT. The code that jco generates converts a value of another type
// instead of rejecting it: the text 'false' becomes true, 257 becomes 1, and text becomes no bytes.

import { isUint8Array } from 'node:util/types';
import type { Connection } from '../raw/interfaces/connectors-aws-lambda-types.js';
import { functions, types } from '../raw/parameters.js';
import { InvalidInputError } from './errors.js';
import type { Interface } from './protocol.js';

/** A copy of the arguments with the declared fields. Throws `InvalidInputError` if one does not have its declared type. */
export function toArguments(of: Interface, name: string, values: readonly unknown[]): unknown[] {
  return Object.entries(functions[`${of}.${name}`]!).map(([parameter, type], index) => copy(type, values[index], parameter));
}

/** The same for a connection alone. */
export function toConnection(value: unknown): Connection {
  return copy('connection', value, 'connection') as Connection;
}

/** Whether a value can be a record. A list has fields as well, but none that a record declares. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const LARGEST: Record<string, number | bigint> = { u8: 0xff, u16: 0xffff, u32: 0xffff_ffff, u64: 0xffff_ffff_ffff_ffffn };

/** `path` has the names of the WIT, as the errors of the component do. No message repeats the value, which may be a secret. */
function copy(type: string, value: unknown, path: string): unknown {
  const absent = value === undefined || value === null;
  const reject = (expected: string): never => {
    throw new InvalidInputError(path, `it is ${absent ? 'missing; pass' : 'not'} ${expected}`);
  };
  const largest = LARGEST[type];
  if (largest !== undefined) {
    const whole = typeof value === typeof largest && (typeof value === 'bigint' || Number.isInteger(value));
    if (whole && (value as number | bigint) >= 0 && (value as number | bigint) <= largest) return value;
    return reject(`a ${typeof largest === 'bigint' ? 'BigInt' : 'whole number'} from 0 to ${largest}`);
  }
  if (type === 'bool') return typeof value === 'boolean' ? value : reject('true or false');
  if (type === 'string') return typeof value === 'string' ? wellFormed(value, path) : reject('text');
  if (type === 'list<u8>') return isUint8Array(value) ? bytes(value, path) : reject('a Uint8Array');

  const [, container, inner = ''] = /^(option|list)<(.+)>$/.exec(type) ?? [];
  if (container === 'option') return absent ? undefined : copy(inner, value, path);
  if (container === 'list') {
    if (!Array.isArray(value)) return reject('an array');
    return Array.from(value, (item, index) => copy(inner, item, `${path}[${index}]`));
  }

  const { enum: words, variant, record } = types[type]!;
  const quote = (names: string[]): string => names.map((name) => `'${name}'`).join(' or ');
  if (words !== undefined) return words.includes(value as string) ? value : reject(quote(words));
  const fields = isObject(value) ? (value as Record<string, unknown>) : undefined;
  if (variant !== undefined) {
    const tag = fields?.['tag'];
    if (typeof tag !== 'string' || !Object.hasOwn(variant, tag)) return reject(`an object whose \`tag\` is ${quote(Object.keys(variant))}`);
    const content = variant[tag];
    return typeof content === 'string' ? { tag, val: copy(content, fields!['val'], `${path}.${tag}`) } : { tag };
  }
  if (fields === undefined) return reject('an object');
  const camel = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(record!).map(([name, of]) => [camel(name), copy(of, fields[camel(name)], `${path}.${name}`)]));
}

function wellFormed(text: string, path: string): string {
  // UTF-8 cannot express a lone surrogate, so the text would not arrive unchanged.
  if (text.isWellFormed()) return text;
  throw new InvalidInputError(path, 'it contains half of a surrogate pair, which UTF-8 cannot express; remove it');
}

function bytes(value: Uint8Array, path: string): Uint8Array {
  try {
    // A thread would receive all the memory that a view is a part of.
    return new Uint8Array(value);
  } catch {
    throw new InvalidInputError(path, 'its bytes were transferred to another owner; pass a copy');
  }
}
