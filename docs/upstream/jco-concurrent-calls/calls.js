// Calls `run` of the transpiled component: once alone, then twice at once. `run` starts this script and watches it.

import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';

const folder = pathToFileURL(`${process.argv[2]}/`);
const { instantiate } = await import(new URL('waiter.js', folder));

const waitFor = (ns) => new Promise((resolve) => setTimeout(resolve, Number(ns) / 1e6));
const module = async (name) => WebAssembly.compile(await readFile(new URL(name, folder)));
const { run } = await instantiate(module, { 'wasi:clocks/monotonic-clock': { waitFor } });

await run();
console.log('one call returned');

console.log('two calls begin');
setTimeout(() => console.log('timer fired'), 10);
await Promise.all([run(), run()]);
console.log('two calls returned');
