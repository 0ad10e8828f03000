// Loads the connector that jco transpiled.

import { readFile } from 'node:fs/promises';
import { WASIShim } from '@bytecodealliance/preview2-shim/instantiation';
import { instantiate, type ImportObject, type Root } from '../generated/connector.js';
import type { Allowed } from './origins.js';
import { confined } from './outgoing.js';

/** Creates an instance that may reach only these origins. */
export async function load(allowed: Allowed): Promise<Root> {
  const shim = new WASIShim({ http: confined(allowed) });
  // jco 1.35 declares the imports with versions, but reads them without.
  const imports = shim.getImportObject() as unknown as ImportObject;
  return instantiate(module, imports);
}

async function module(name: string): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await readFile(new URL(`../generated/${name}`, import.meta.url)));
}
