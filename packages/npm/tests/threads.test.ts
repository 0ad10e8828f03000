// Threads: calls at once, limits, and calls that are cut off.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import type { Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import threads, { Worker } from 'node:worker_threads';
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

/** Makes each start of a thread fail, until the test ends or calls the result. */
function withoutThreads(t: TestContext): () => void {
  const original = threads.Worker;
  const use = (worker: unknown) => {
    Object.assign(threads, { Worker: worker });
    syncBuiltinESMExports();
  };
  use(class {
    constructor() {
      throw new Error('EAGAIN');
    }
  });
  const restore = () => use(original);
  t.after(restore);
  return restore;
}

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

test('call whose thread cannot start did not run, does not run later, and does not keep the process alive', async (t) => {
  const key = randomUUID();
  const failing = createConnector();
  t.after(() => failing.close());
  const before = timers();
  const restore = withoutThreads(t);
  const { reason, executed, message } = await failure(failing.invoke({ function: 'count', json: { key } }), ExecutionFailedError);
  assert.deepEqual([reason, executed], ['crashed', 'no']);
  assert.match(message, /its thread could not start: EAGAIN/);
  assert.equal(timers(), before);
  restore();
  const again = await failing.invoke({ function: 'count', json: { key } });
  assert.deepEqual(JSON.parse(text(again)), { key, runs: 1 });
  assert.equal(await runs(key), 2);
});

test('call waits for a thread that works if another cannot start', async (t) => {
  let arrive = () => {};
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  let open = () => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  const { to } = await relay(t, () => {
    arrive();
    return gate;
  });
  const pair = createConnector({ connection: to, maxConcurrentCalls: 2 });
  t.after(() => pair.close());
  const first = pair.invoke({ function: 'echo', json: 1 });
  await arrived;
  withoutThreads(t);
  const second = pair.invoke({ function: 'echo', json: 2 });
  // Its promise of a connection is settled, so that the second call waits.
  await new Promise(setImmediate);
  open();
  assert.deepEqual((await Promise.all([first, second])).map(text), ['1', '2']);
});

test('waiting call is rejected as not run if the last thread dies and no other can start', async (t) => {
  const { to, received } = await silent(t);
  const sent = t.mock.method(Worker.prototype, 'postMessage');
  const dying = createConnector({ connection: to, maxConcurrentCalls: 1 });
  const calls = [1, 2, 3].map((json) => failure(dying.invoke({ function: 'echo', json }), ExecutionFailedError));
  await received;
  withoutThreads(t);
  await (sent.mock.calls[0]?.this as Worker).terminate();
  const errors = await Promise.all(calls);
  assert.deepEqual(errors.map(({ reason, executed }) => [reason, executed]), [['crashed', 'unknown'], ['crashed', 'no'], ['crashed', 'no']]);
  await dying.close();
});

for (const end of ['callMs', 'close'] as const) {
  test(`request of a call that ${end} ended as not run does not leave`, async (t) => {
    const key = randomUUID();
    // The thread is as slow as possible. It receives the call after its end, and is terminated after that.
    const held = new Promise<[Worker, unknown]>((resolve) => {
      t.mock.method(Worker.prototype, 'postMessage', function (this: Worker, call: unknown) {
        resolve([this, call]);
      });
    });
    t.mock.method(Worker.prototype, 'terminate', async () => 0);
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const ending = createConnector({ timeouts: { callMs: 1_234 } });
    const call = failure(ending.invoke({ function: 'count', json: { key } }), ExecutionFailedError);
    const [worker, message] = await held;
    if (end === 'callMs') t.mock.timers.tick(1_234);
    else await ending.close();
    const { reason, executed } = await call;
    assert.deepEqual([reason, executed], [end === 'callMs' ? 'timed-out' : 'closed', 'no']);
    t.mock.restoreAll();
    t.mock.timers.reset();
    t.after(() => worker.terminate());
    worker.postMessage(message);
    const [reply] = await once(worker, 'message');
    assert.deepEqual([reply.tag, reply.val.tag, reply.val.val?.kind, reply.val.val?.executed], ['err', 'transport', 'denied', 'no']);
    assert.equal(await runs(key), 1);
    await ending.close();
  });
}

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
