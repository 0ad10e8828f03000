// Tests live streaming on Node.js 26 against the local Lambda: ../with-lambda npm run test-streaming

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { env, execPath } from 'node:process';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Connection, Error as LambdaError } from '../generated/interfaces/connectors-aws-lambda-types.js';
import { fromEnvironment } from './connection.js';
import { lambdaError } from './error.js';
import { lambdaIn, originsFor } from './origins.js';
import { stream, type Streamed } from './streaming.js';

const connection: Connection = fromEnvironment(env);
const endpoint = new URL(connection.endpoint?.tag === 'url' ? connection.endpoint.val : assert.fail('no local Lambda'));

/** A step of the local Lambda's function `stream`. It waits at a gate until its reader is gone: no test opens one. */
type Step = { text: string } | { base64: string } | { bytes: number } | { gate: string };

function script(chunks: Step[], fail?: { type: string; message: string }) {
  return { function: 'stream', payload: JSON.stringify({ chunks, fail }) };
}

function open(to: Connection, request: Parameters<typeof stream>[2], signal?: AbortSignal): Promise<Streamed> {
  return stream(originsFor(to), to, request, signal);
}

async function read(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

/** The first piece. The stream stays open. */
async function first(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const { value } = await pieces[Symbol.asyncIterator]().next();
  return Buffer.from(value ?? assert.fail('the stream is empty')).toString();
}

async function failureOf(ended: Streamed['end']): Promise<LambdaError> {
  const result = await ended;
  return result.tag === 'err' ? result.val : assert.fail('the function succeeded');
}

async function failure(call: Promise<unknown>): Promise<LambdaError> {
  return call.then(() => assert.fail('the call succeeded'), lambdaError);
}

function transport(error: LambdaError) {
  if (error.tag !== 'transport') assert.fail(error.tag);
  const { kind, executed } = error.val;
  return { kind, executed };
}

async function listen(t: TestContext, server: Server): Promise<Connection> {
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return { ...connection, endpoint: { tag: 'url', val: `http://127.0.0.1:${port}` } };
}

/** Forwards one connection to the local Lambda. */
async function relay(t: TestContext): Promise<{ to: Connection; accepted: Promise<Socket>; closed: Promise<unknown> }> {
  const server = createServer((socket) => {
    const lambda = connect(Number(endpoint.port), endpoint.hostname);
    socket.pipe(lambda).pipe(socket);
    socket.on('error', () => {}).on('close', () => lambda.destroy());
    lambda.on('error', () => socket.destroy());
  });
  const accepted = once(server, 'connection').then(([socket]): Socket => socket);
  const closed = accepted.then((socket) => once(socket, 'close'));
  return { to: await listen(t, server), accepted, closed };
}

test('piece arrives while the function runs', async () => {
  const { head, pieces } = await open(connection, script([{ text: 'first' }, { gate: randomUUID() }, { text: 'second' }]));
  assert.deepEqual([head.statusCode, head.executedVersion, head.attempts], [200, '$LATEST', 1]);
  for await (const piece of pieces) {
    assert.equal(Buffer.from(piece).toString(), 'first');
    break;
  }
});

test('bytes arrive unchanged', async () => {
  const bytes = Buffer.from('89504e470d0a1a0a00fffe', 'hex');
  const { pieces, end } = await open(connection, script([{ base64: bytes.toString('base64') }, { text: '尺寸 🚀' }]));
  assert.deepEqual(await read(pieces), Buffer.concat([bytes, Buffer.from('尺寸 🚀')]));
  assert.equal((await end).tag, 'ok');
});

test('end has the log of a function that succeeded', async () => {
  const { pieces, end } = await open(connection, { ...script([{ text: '1' }]), logType: 'tail' });
  await read(pieces);
  const ended = await end;
  if (ended.tag === 'err') assert.fail(ended.val.tag);
  assert.match(ended.val.log?.text ?? '', /^START RequestId: [^]*\nREPORT RequestId: /);
});

test('failed function is an error after its bytes', async () => {
  const { pieces, end } = await open(connection, script([{ text: 'partial' }], { type: 'KeyError', message: 'no order' }));
  assert.equal((await read(pieces)).toString(), 'partial');
  const error = await failureOf(end);
  if (error.tag !== 'function-failed') assert.fail(error.tag);
  const { cause, errorType, errorMessage } = error.val.failure;
  assert.deepEqual([cause, errorType, errorMessage], ['thrown', 'KeyError', 'no order']);
});

test('error before the response is an error of the call', async () => {
  const error = await failure(open(connection, { function: 'missing' }));
  if (error.tag !== 'service') assert.fail(error.tag);
  assert.deepEqual([error.val.category, error.val.executed], ['not-found', 'no']);
});

test('destination outside the policy is denied', async () => {
  const error = await failure(stream(lambdaIn('us-east-1'), connection, script([{ text: '1' }])));
  assert.deepEqual(transport(error), { kind: 'denied', executed: 'no' });
});

test('connection closes when the loop is left', async (t) => {
  const { to, closed } = await relay(t);
  const { pieces, end } = await open(to, script([{ text: '1' }, { gate: randomUUID() }]));
  for await (const _ of pieces) break;
  await closed;
  assert.deepEqual(transport(await failureOf(end)), { kind: 'cut-off', executed: 'yes' });
});

test('connection closes when the signal is aborted between two pieces', async (t) => {
  const { to, closed } = await relay(t);
  const stop = new AbortController();
  const { pieces, end } = await open(to, script([{ text: '1' }, { gate: randomUUID() }]), stop.signal);
  const iterator = pieces[Symbol.asyncIterator]();
  assert.equal((await iterator.next()).done, false);
  const next = iterator.next();
  stop.abort();
  assert.equal((await next).done, true);
  await closed;
  assert.deepEqual(transport(await failureOf(end)), { kind: 'cut-off', executed: 'yes' });
});

test('call that waits for a response ends when the signal is aborted', async (t) => {
  const stop = new AbortController();
  const server = createServer((socket) => socket.once('data', () => stop.abort()).on('error', () => {}));
  const error = await failure(open(await listen(t, server), script([]), stop.signal));
  assert.deepEqual(transport(error), { kind: 'cut-off', executed: 'unknown' });
});

test('broken connection is an error of the end, not a trap', async (t) => {
  const { to, accepted } = await relay(t);
  const { pieces, end } = await open(to, script([{ text: '1' }, { gate: randomUUID() }]));
  assert.equal(await first(pieces), '1');
  (await accepted).destroy();
  assert.equal((await read(pieces)).length, 0);
  assert.deepEqual(transport(await failureOf(end)), { kind: 'cut-off', executed: 'yes' });
});

test('function that pauses for too long is cut off', async (t) => {
  const { to, closed } = await relay(t);
  const delivery = { responseTimeoutMs: 500 };
  const { pieces, end } = await open(to, { ...script([{ text: '1' }, { gate: randomUUID() }]), delivery });
  assert.equal((await read(pieces)).toString(), '1');
  assert.deepEqual(transport(await failureOf(end)), { kind: 'cut-off', executed: 'yes' });
  await closed;
});

test('slow reader holds the function back', async (t) => {
  const bytes = 32 << 20;
  const { to, accepted } = await relay(t);
  const { pieces, end } = await open(to, script([{ bytes }]));
  const socket = await accepted;
  let received = 0;
  for await (const piece of pieces) {
    received += piece.length;
    // The buffers of the two sockets, which the system sizes.
    assert.ok(socket.bytesWritten - received < 16 << 20, `${socket.bytesWritten} bytes written, ${received} read`);
  }
  assert.equal(received, bytes);
  assert.equal((await end).tag, 'ok');
});

test('streams run side by side', async () => {
  const texts = ['a', 'b', 'c', 'd'];
  const streams = await Promise.all(texts.map((text) => open(connection, script([{ text }, { gate: randomUUID() }]))));
  for (const [index, { pieces }] of streams.entries()) {
    for await (const piece of pieces) {
      assert.equal(Buffer.from(piece).toString(), texts[index]);
      break;
    }
  }
});

test('example writes the output, and its exit code is the outcome', () => {
  const example = fileURLToPath(new URL('./stream.js', import.meta.url));
  const run = (name: string, payload: string) => {
    const { status, stdout } = spawnSync(execPath, [example, name, payload], { encoding: 'utf8' });
    return { status, stdout };
  };
  assert.deepEqual(run('stream', script([{ text: 'a' }, { text: 'b' }]).payload), { status: 0, stdout: 'ab' });
  const failing = script([{ text: 'a' }], { type: 'KeyError', message: 'no order' });
  assert.deepEqual(run('stream', failing.payload), { status: 3, stdout: 'a' });
  assert.deepEqual(run('missing', '{}'), { status: 1, stdout: '' });
});
