// Threads: calls at once, limits, and calls that are cut off.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { createConnector, ExecutionFailedError } from '@connectors/aws-lambda';
import { connection, connector, failure, relay, runs, silent, text } from './support.js';

test('hundred calls at once have results of their own, and each runs once', async () => {
  const keys = Array.from({ length: 100 }, () => randomUUID());
  const answers = await Promise.all(keys.map((key) => connector.invoke({ function: 'count', json: { key } })));
  assert.deepEqual(answers.map((answer) => JSON.parse(text(answer))), keys.map((key) => ({ key, runs: 1 })));
  assert.equal(await runs(keys[99]!), 2);
});

test('calls are made side by side', async (t) => {
  // No connection is forwarded before the fourth has arrived, so calls one after the other would wait for ever.
  let arrived = 0;
  let open = () => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  const { to } = await relay(t, async () => {
    arrived += 1;
    if (arrived === 4) open();
    await gate;
  });
  const side = connector.withConnection(to);
  const answers = await Promise.all([1, 2, 3, 4].map((json) => side.invoke({ function: 'echo', json })));
  assert.deepEqual(answers.map(text), ['1', '2', '3', '4']);
});

test('calls beyond the limit wait', async (t) => {
  const open = new Set<Socket>();
  let most = 0;
  const { to } = await relay(t, async (socket) => {
    open.add(socket);
    most = Math.max(most, open.size);
    socket.on('close', () => open.delete(socket));
  });
  const narrow = createConnector({ connection: to, maxConcurrentCalls: 2 });
  const answers = await Promise.all(Array.from({ length: 10 }, (_, json) => narrow.invoke({ function: 'echo', json })));
  assert.deepEqual(answers.map(text), Array.from({ length: 10 }, (_, json) => String(json)));
  assert.ok(most <= 2, `${most} connections at once`);
  await narrow.close();
});

test('call that takes longer than callMs is ended, and its outcome is unknown', async (t) => {
  const { to, received, sockets } = await silent(t);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const hurried = createConnector({ connection: to, timeouts: { callMs: 1_234 }, maxConcurrentCalls: 1 });
  const running = failure(hurried.invoke({ function: 'count', json: { key: 'k' } }), ExecutionFailedError);
  await received;
  const waiting = failure(hurried.invoke({ function: 'count', json: { key: 'k' } }), ExecutionFailedError);
  // Its promise of a connection is settled, so that the second call waits for the thread.
  await new Promise(setImmediate);
  const closed = once(sockets[0]!, 'close');
  t.mock.timers.tick(1_234);
  const [error, other] = await Promise.all([running, waiting]);
  assert.deepEqual([error.tag, error.reason, error.executed], ['execution-failed', 'timed-out', 'unknown']);
  assert.match(error.message, /1234 ms, the limit of timeouts\.callMs; raise it/);
  assert.deepEqual([other.reason, other.executed], ['timed-out', 'no']);
  await closed;
  await hurried.close();
});

test('function of a call that took longer than callMs ran exactly once', async (t) => {
  const key = randomUUID();
  const { to, answered } = await relay(t);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const hurried = createConnector({ connection: to, timeouts: { callMs: 1_234 } });
  const json = { chunks: [{ count: key }, { text: 'running' }, { gate: randomUUID() }] };
  const call = failure(hurried.invoke({ function: 'stream', json, responseMode: 'streamed' }), ExecutionFailedError);
  await answered;
  t.mock.timers.tick(1_234);
  t.mock.timers.reset();
  assert.deepEqual([(await call).reason, (await call).executed], ['timed-out', 'unknown']);
  assert.equal(await runs(key), 2);
  await hurried.close();
});

test('read that is cut off did not run a function', async (t) => {
  const { to, received } = await silent(t);
  const listing = createConnector({ connection: to });
  const error = failure(listing.listFunctions(), ExecutionFailedError);
  await received;
  await listing.close();
  assert.deepEqual([(await error).reason, (await error).executed], ['closed', 'no']);
});

test('close rejects calls in flight as unknown, and waiting and later ones as not run', async (t) => {
  const { to, received } = await silent(t, 2);
  const closing = createConnector({ connection: to, maxConcurrentCalls: 2 });
  const calls = [1, 2, 3, 4].map((json) => failure(closing.invoke({ function: 'echo', json }), ExecutionFailedError));
  await received;
  await closing.close();
  const errors = await Promise.all(calls);
  assert.deepEqual(errors.map(({ reason, executed }) => [reason, executed]), [
    ['closed', 'unknown'], ['closed', 'unknown'], ['closed', 'no'], ['closed', 'no'],
  ]);
  const later = await failure(closing.invoke({ function: 'echo' }), ExecutionFailedError);
  assert.deepEqual([later.reason, later.executed], ['closed', 'no']);
  await closing.close();
});

test('thread that dies rejects its call as unknown, and another thread makes the next', async (t) => {
  const { to, received } = await silent(t);
  const sent = t.mock.method(Worker.prototype, 'postMessage');
  const dying = createConnector({ connection: to, maxConcurrentCalls: 1 });
  const first = failure(dying.invoke({ function: 'echo', json: 1 }), ExecutionFailedError);
  await received;
  const next = dying.withConnection(connection).invoke({ function: 'echo', json: 2 });
  const worker = sent.mock.calls[0]?.this as Worker;
  await worker.terminate();
  const error = await first;
  assert.deepEqual([error.reason, error.executed], ['crashed', 'unknown']);
  assert.equal(text(await next), '2');
  await dying.close();
});

test('thread that is idle ends, and a later call starts another', async (t) => {
  const sent = t.mock.method(Worker.prototype, 'postMessage');
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const idle = createConnector();
  assert.equal(text(await idle.invoke({ function: 'echo', json: 1 })), '1');
  const worker = sent.mock.calls[0]?.this as Worker;
  const ended = once(worker, 'exit');
  t.mock.timers.tick(30_000);
  await ended;
  assert.equal(text(await idle.invoke({ function: 'echo', json: 2 })), '2');
  assert.notEqual(sent.mock.calls.at(-1)?.this, worker);
  await idle.close();
});

test('call beyond ten thousand that wait is rejected', async (t) => {
  const { to, received } = await silent(t);
  const flooded = createConnector({ connection: to, maxConcurrentCalls: 1 });
  const first = failure(flooded.listFunctions(), ExecutionFailedError);
  await received;
  const waiting = Array.from({ length: 10_000 }, () => failure(flooded.listFunctions(), ExecutionFailedError));
  const { reason, executed } = await failure(flooded.listFunctions(), ExecutionFailedError);
  assert.deepEqual([reason, executed], ['overloaded', 'no']);
  await flooded.close();
  assert.equal((await first).reason, 'closed');
  assert.ok((await Promise.all(waiting)).every((error) => error.reason === 'closed' && error.executed === 'no'));
});

test('option out of range is rejected', () => {
  for (const maxConcurrentCalls of [0, 1.5, 1_025, NaN]) {
    assert.throws(() => createConnector({ maxConcurrentCalls }), { name: 'TypeError', message: /^maxConcurrentCalls .* 1 to 1024; / });
  }
  assert.throws(() => createConnector({ timeouts: { callMs: 0 } }), { message: /^timeouts\.callMs / });
  assert.throws(() => createConnector({ timeouts: { responseMs: -1 } }), { message: /^timeouts\.responseMs / });
});
