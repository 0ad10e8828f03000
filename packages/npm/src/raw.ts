// The component as jco transpiled it, without threads, policy or classes.

import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { modules } from '../raw/modules.js';

export { instantiate, type ImportObject, type Root } from '../raw/connector.js';
export type * as types from '../raw/interfaces/connectors-aws-lambda-types.js';
export type * as lambda from '../raw/interfaces/connectors-aws-lambda-lambda.js';
export type * as sessions from '../raw/interfaces/connectors-aws-lambda-sessions.js';
export type * as executions from '../raw/interfaces/connectors-aws-lambda-executions.js';
export type * as cards from '../raw/interfaces/connectors-aws-lambda-cards.js';

let bytes: Buffer<ArrayBuffer> | undefined;

/** The component, byte for byte as released, for other hosts. The package contains it compressed. */
export function component(): Uint8Array<ArrayBuffer> {
  bytes ??= Buffer.from(brotliDecompressSync(readFileSync(new URL('../raw/aws-lambda-connector.wasm.br', import.meta.url))));
  return new Uint8Array(bytes);
}

const compiled = new Map<string, WebAssembly.Module>();

/** The first argument of `instantiate`. Each core module is compiled once in a thread. */
export function getCoreModule(path: string): WebAssembly.Module {
  let module = compiled.get(path);
  if (module === undefined) {
    const [start, length] = modules[path] ?? [0, 0];
    // The component contains its core modules unchanged.
    module = new WebAssembly.Module(component().subarray(start, start + length));
    compiled.set(path, module);
  }
  return module;
}

/** The core modules, by the path that `instantiate` asks for. A module can be sent to another thread. */
export function coreModules(): Record<string, WebAssembly.Module> {
  return Object.fromEntries(Object.keys(modules).map((path) => [path, getCoreModule(path)]));
}
