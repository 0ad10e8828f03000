// Loads the connector as jco transpiled it, and types its errors.

import { readFile } from 'node:fs/promises';
import { WASIShim } from '@bytecodealliance/preview2-shim/instantiation';
import { instantiate, type ImportObject, type Root } from '../generated/connector.js';
import type { Error as LambdaError } from '../generated/interfaces/connectors-aws-lambda-types.js';
import { confined, type Allowed } from './outgoing.js';

/** A fresh instance that reaches only what the policy allows. */
export async function load(allowed: Allowed): Promise<Root> {
  const shim = new WASIShim({ http: confined(allowed) });
  // jco 1.35 declares the imports with their versions, and reads them without.
  const imports = shim.getImportObject() as unknown as ImportObject;
  return instantiate(module, imports);
}

async function module(name: string): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await readFile(new URL(`../generated/${name}`, import.meta.url)));
}

/** jco throws the `error` of a WIT `result` as the payload of a `ComponentError`; a trap is thrown on. */
export function lambdaError(thrown: unknown): LambdaError {
  if (thrown instanceof Error && thrown.constructor.name === 'ComponentError' && 'payload' in thrown) {
    return thrown.payload as LambdaError;
  }
  throw thrown;
}
