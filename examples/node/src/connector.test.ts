// Tests the connector on Node.js against the local Lambda: ../with-lambda npm test

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { env, execPath } from 'node:process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Root } from '../generated/connector.js';
import type { InvokeRequest } from '../generated/interfaces/connectors-aws-lambda-lambda.js';
import type { Error as LambdaError, Invocation } from '../generated/interfaces/connectors-aws-lambda-types.js';
import { fromEnvironment } from './connection.js';
import { load } from './connector.js';
import { lambdaError } from './error.js';
import { lambdaIn, originsFor } from './origins.js';

const connection = fromEnvironment(env);
const endpoint = connection.endpoint?.tag === 'url' ? connection.endpoint.val : assert.fail('no local Lambda');
const connector: Root = await load(originsFor(connection));

function text(invocation: Invocation): string {
  return invocation.output?.tag === 'text' ? invocation.output.val : assert.fail('the output is not text');
}

function failure(call: () => unknown): LambdaError {
  try {
    call();
  } catch (thrown) {
    return lambdaError(thrown);
  }
  assert.fail('the call succeeded');
}

function invokeFailure(from: Root, request: InvokeRequest): LambdaError {
  return failure(() => from.lambda.invoke(connection, request));
}

/** How often the function `count` has run for this key, including the run that returns this number. */
function runs(key: string): number {
  return JSON.parse(text(connector.lambda.invoke(connection, { function: 'count', payload: JSON.stringify({ key }) }))).runs;
}

test('function returns its event byte for byte', () => {
  const payload = '{ "b": 12345678901234567890.10, "a": "größe 尺寸 🚀", "a": 2e400 }';
  const invocation = connector.lambda.invoke(connection, { function: 'echo', payload });
  assert.equal(text(invocation), payload);
  assert.deepEqual([invocation.statusCode, invocation.executedVersion, invocation.attempts], [200, '$LATEST', 1]);
});

test('largest payload survives both directions', () => {
  let inner = '';
  for (let number = 0; inner.length < 6_291_456; number += 1) inner += String(number).padStart(8, '0');
  const payload = `"${inner.slice(0, 6_291_454)}"`;
  const answer = text(connector.lambda.invoke(connection, { function: 'echo', payload }));
  assert.equal(answer.length, 6_291_456);
  assert.equal(sha256(answer), sha256(payload));
});

test('binary output is bytes', () => {
  const { output } = connector.lambda.invoke(connection, { function: 'binary' });
  assert.deepEqual(output, { tag: 'binary', val: Uint8Array.from(Buffer.from('89504e470d0a1a0a00fffe', 'hex')) });
});

test('streamed response larger than a buffered one is collected', () => {
  const payload = JSON.stringify({ chunks: [{ bytes: 8 << 20 }] });
  const maxResponseBytes = 8 << 20;
  const invocation = connector.lambda.invoke(connection, { function: 'stream', payload, responseMode: 'streamed', maxResponseBytes });
  assert.equal(text(invocation).length, 8 << 20);
});

test('streamed response over its limit is an error after the function ran', () => {
  const payload = JSON.stringify({ chunks: [{ bytes: 1_001 }] });
  const error = invokeFailure(connector, { function: 'stream', payload, responseMode: 'streamed', maxResponseBytes: 1_000 });
  if (error.tag !== 'transport') assert.fail(error.tag);
  assert.deepEqual([error.val.kind, error.val.executed, error.val.attempts], ['malformed', 'yes', 1]);
});

test('failed function of a streamed response is an error', () => {
  const payload = JSON.stringify({ chunks: [{ text: 'partial' }], fail: { type: 'KeyError', message: 'no order' } });
  const error = invokeFailure(connector, { function: 'stream', payload, responseMode: 'streamed' });
  if (error.tag !== 'function-failed') assert.fail(error.tag);
  const { failure, invocation } = error.val;
  assert.deepEqual([failure.cause, failure.errorType, failure.errorMessage], ['thrown', 'KeyError', 'no order']);
  assert.equal(text(invocation), 'partial');
});

test('functions are listed', () => {
  const page = connector.lambda.listFunctions(connection, { nameContains: 'ECH', allVersions: false });
  assert.deepEqual(
    page.functions.map(({ name, arn, runtime, memorySizeMb }) => ({ name, arn, runtime, memorySizeMb })),
    [{ name: 'echo', arn: 'arn:aws:lambda:us-east-1:123456789012:function:echo', runtime: 'python3.14', memorySizeMb: 128 }],
  );
  assert.equal(page.next, undefined);
});

test('failed function is an error', () => {
  const error = invokeFailure(connector, { function: 'fail', payload: '{"type": "OrderNotFound", "message": "no order 7"}' });
  if (error.tag !== 'function-failed') assert.fail(error.tag);
  const { marker, cause, errorType, errorMessage } = error.val.failure;
  assert.deepEqual([marker, cause, errorType, errorMessage], ['Unhandled', 'thrown', 'OrderNotFound', 'no order 7']);
});

test('call longer than the connect timeout runs once', () => {
  const key = randomUUID();
  const payload = JSON.stringify({ key, ms: 1_500 });
  const delivery = { connectTimeoutMs: 500 };
  assert.deepEqual(JSON.parse(text(connector.lambda.invoke(connection, { function: 'count', payload, delivery }))), { key, runs: 1 });
  assert.equal(runs(key), 2);
});

test('call without response is unknown and runs once', () => {
  const key = randomUUID();
  const payload = JSON.stringify({ key, ms: 60_000 });
  const delivery = { responseTimeoutMs: 500 };
  const error = invokeFailure(connector, { function: 'count', payload, delivery });
  if (error.tag !== 'transport') assert.fail(error.tag);
  assert.deepEqual([error.val.kind, error.val.executed, error.val.attempts], ['timeout', 'unknown', 1]);
  assert.equal(runs(key), 2);
});

test('truncated response is an error, not a trap', async (t) => {
  // In another thread, because a call blocks this one.
  const server = new Worker(
    `const { parentPort } = require('node:worker_threads');
    const answer = 'HTTP/1.1 200 OK\\r\\nx-amzn-requestid: r\\r\\ncontent-length: 100\\r\\n\\r\\n{"half';
    const server = require('node:net').createServer((socket) => socket.once('data', () => socket.end(answer)));
    server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`,
    { eval: true },
  );
  t.after(() => server.terminate());
  const origin = `http://127.0.0.1:${await new Promise((resolve) => server.once('message', resolve))}`;
  const { lambda } = await load([origin]);
  const error = failure(() => lambda.invoke({ ...connection, endpoint: { tag: 'url', val: origin } }, { function: 'echo' }));
  if (error.tag !== 'transport') assert.fail(error.tag);
  assert.deepEqual([error.val.kind, error.val.executed, error.val.attempts], ['cut-off', 'yes', 1]);
});

test('destination outside the policy is denied', async () => {
  const key = randomUUID();
  const confined = await load(lambdaIn('us-east-1'));
  const error = invokeFailure(confined, { function: 'count', payload: JSON.stringify({ key }) });
  if (error.tag !== 'transport') assert.fail(error.tag);
  assert.deepEqual([error.val.kind, error.val.executed], ['denied', 'no']);
  assert.equal(runs(key), 1);
});

test('policy allows only hosts that the connector declares', () => {
  const { outboundHosts } = connector.cards.describe();
  const named = outboundHosts.map((host) => `https://${host.replace('{region}', 'eu-central-1')}`);
  const allowed = lambdaIn('eu-central-1');
  assert.equal(allowed.length, 4);
  assert.deepEqual(allowed.filter((origin) => !named.includes(origin)), []);
});

test('example of the embedding page prints the greeting', () => {
  const script = fileURLToPath(new URL('./greet.js', import.meta.url));
  assert.equal(execFileSync(execPath, [script], { encoding: 'utf8' }), '{"message":"Hello, Ada!"}\n');
});

test('example of a collected response writes it', () => {
  const script = fileURLToPath(new URL('./collect.js', import.meta.url));
  const payload = JSON.stringify({ chunks: [{ text: 'a' }, { text: 'b' }] });
  assert.equal(execFileSync(execPath, [script, 'stream', payload], { encoding: 'utf8' }), 'ab');
});

test('custom endpoint is allowed in addition to the hosts of its region', () => {
  const { endpoint: _, ...standard } = connection;
  assert.deepEqual(originsFor(standard), lambdaIn('us-east-1'));
  assert.deepEqual(originsFor(connection), [...lambdaIn('us-east-1'), new URL(endpoint).origin]);
});

function sha256(value: string): string {
  return createHash('sha256').update(value).digest('hex');
}
