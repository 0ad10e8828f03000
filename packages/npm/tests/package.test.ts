// The package: its files, its types, and its processes.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { env, execPath } from 'node:process';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { WASIShim } from '@bytecodealliance/preview2-shim/instantiation';
import { component, getCoreModule, instantiate, type ImportObject, type lambda } from '@connectors/aws-lambda/raw';
import { connection } from './support.js';

const root = dirname(fileURLToPath(import.meta.resolve('@connectors/aws-lambda/package.json')));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

function node(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(execPath, args, { encoding: 'utf8', timeout: 120_000 });
  return { status, stdout, stderr };
}

test('raw component answers in this thread', async () => {
  const imports = new WASIShim().getImportObject() as unknown as ImportObject;
  const connector = await instantiate(getCoreModule, imports);
  const request: lambda.InvokeRequest = { function: 'echo', payload: '[1]' };
  assert.deepEqual(connector.lambda.invoke(connection, request).output, { tag: 'text', val: '[1]' });
  assert.throws(
    () => connector.lambda.invoke(connection, { function: 'missing' }),
    (error: { payload?: { tag: string } }) => error.constructor.name === 'ComponentError' && error.payload?.tag === 'service',
  );
});

test('package contains the component byte for byte', () => {
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  assert.equal(sha256(component()), sha256(readFileSync(env['COMPONENT'] ?? assert.fail())));
});

test('declarations have every comment of the WIT', async () => {
  const { docs } = await import(pathToFileURL(env['DOCS'] ?? assert.fail()).href);
  const comments: string[] = docs(pathToFileURL(`${env['WIT']}/`));
  const folder = join(root, 'raw', 'interfaces');
  const flat = (text: string) => text.replace(/^\s*\*/gm, ' ').replace(/\s+/g, ' ');
  const declarations = flat(readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8')).join('\n'));
  assert.ok(comments.length > 150, `${comments.length} comments`);
  assert.deepEqual(comments.filter((comment) => !declarations.includes(flat(comment))), []);
});

test('package is small, has one dependency, and its licence', () => {
  const { size } = statSync(env['TGZ'] ?? assert.fail());
  assert.ok(size <= 250_000, `${size} bytes`);
  assert.deepEqual(Object.keys(manifest.dependencies), ['@bytecodealliance/preview2-shim']);
  assert.equal(manifest.scripts, undefined);
  assert.match(readFileSync(join(root, 'LICENSE'), 'utf8'), /Apache License/);
});

test('process ends after its last call, without close, and before its threads become old', () => {
  const script = `
    import { Worker } from 'node:worker_threads';
    import { createConnector } from '${manifest.name}';
    Worker.prototype.terminate = () => console.log('a thread was ended');
    const connector = createConnector();
    const [{ output }] = await Promise.all([connector.invoke({ function: 'echo', json: 1 }), connector.listFunctions()]);
    console.log(output.val);`;
  assert.deepEqual(node('--input-type=module', '--eval', script), { status: 0, stdout: '1\n', stderr: '' });
});

test('example of the embedding page prints the greeting', () => {
  const greet = fileURLToPath(new URL('./greet.js', import.meta.url));
  assert.deepEqual(node(greet), { status: 0, stdout: '{"message":"Hello, Ada!"}\n', stderr: '' });
});
