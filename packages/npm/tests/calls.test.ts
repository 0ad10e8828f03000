// What the functions of the connector return.

import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { createConnector, ServiceError, toInvokeRequest, UnauthenticatedError } from '@connectors/aws-lambda';
import { connection, connector, failure, runs, text } from './support.js';

const sha256 = (value: string) => createHash('sha256').update(value).digest('hex');

test('function returns its event byte for byte', async () => {
  const payload = '{ "b": 12345678901234567890.10, "a": "größe 尺寸 🚀", "a": 2e400 }';
  const invocation = await connector.invoke({ function: 'echo', payload });
  assert.equal(text(invocation), payload);
  assert.deepEqual([invocation.statusCode, invocation.executedVersion, invocation.attempts], [200, '$LATEST', 1]);
});

test('JSON value is sent as JSON.stringify writes it', async () => {
  const values = [{ b: 1, a: ['größe', null, { c: 1.5 }] }, 'text', 0, false, null, []];
  const answers = await Promise.all(values.map((json) => connector.invoke({ function: 'echo', json })));
  assert.deepEqual(answers.map(text), values.map((json) => JSON.stringify(json)));
});

test('text is not serialized again', async () => {
  assert.equal(text(await connector.invoke({ function: 'echo', payload: '"text"' })), '"text"');
});

test('largest payload survives both directions', async () => {
  let inner = '';
  for (let number = 0; inner.length < 6_291_456; number += 1) inner += String(number).padStart(8, '0');
  const payload = `"${inner.slice(0, 6_291_454)}"`;
  const answer = text(await connector.invoke({ function: 'echo', payload }));
  assert.equal(answer.length, 6_291_456);
  assert.equal(sha256(answer), sha256(payload));
});

test('request for the sandbox has the hash of the payload, and vouches for a JSON value', () => {
  const json = { größe: 1 };
  const payload = JSON.stringify(json);
  const payloadSha256 = createHash('sha256').update(payload).digest();
  assert.deepEqual(toInvokeRequest({ function: 'f', json }), { function: 'f', payload, payloadIsJson: true, payloadSha256 });
  assert.deepEqual(toInvokeRequest({ function: 'f', payload }), { function: 'f', payload, payloadSha256 });
  assert.deepEqual(toInvokeRequest({ function: 'f' }), { function: 'f' });
});

test('sandbox receives the hash that the package computed', async (t) => {
  const sent = t.mock.method(Worker.prototype, 'postMessage');
  await connector.invoke({ function: 'echo', json: { a: 1 } });
  const [{ arguments: [, request] }] = sent.mock.calls[0]?.arguments as [{ arguments: [unknown, { payloadSha256: Uint8Array }] }];
  assert.equal(Buffer.from(request.payloadSha256).toString('hex'), sha256('{"a":1}'));
});

test('hash that the caller gave is signed as given, and a wrong one is rejected by AWS', async () => {
  const key = randomUUID();
  const payloadSha256 = new Uint8Array(32);
  const error = await failure(connector.invoke({ function: 'count', json: { key }, payloadSha256 }), UnauthenticatedError);
  assert.deepEqual([error.code, error.executed], ['InvalidSignatureException', 'no']);
  assert.match(error.message, /payload-sha256/);
  assert.equal(await runs(key), 1);
});

test('binary output is bytes', async () => {
  const { output } = await connector.invoke({ function: 'binary' });
  assert.equal(output?.tag, 'binary');
  assert.deepEqual(Buffer.from(output.val as Uint8Array), Buffer.from('89504e470d0a1a0a00fffe', 'hex'));
});

test('streamed response larger than a buffered one is collected', async () => {
  const invocation = await connector.invoke({ function: 'stream', json: { chunks: [{ bytes: 8 << 20 }] }, responseMode: 'streamed' });
  assert.equal(text(invocation).length, 8 << 20);
});

test('log and options of an invocation arrive', async () => {
  const { log } = await connector.invoke({ function: 'log', json: { lines: ['hello log'] }, logType: 'tail' });
  assert.match(log?.text ?? '', /hello log/);
  const { statusCode, output } = await connector.invoke({ function: 'echo', json: {}, invocationType: 'event' });
  assert.deepEqual([statusCode, output], [202, undefined]);
});

test('functions are listed', async () => {
  const page = await connector.listFunctions({ nameContains: 'ECH' });
  assert.deepEqual(
    page.functions.map(({ name, arn, runtime, memorySizeMb }) => ({ name, arn, runtime, memorySizeMb })),
    [{ name: 'echo', arn: 'arn:aws:lambda:us-east-1:123456789012:function:echo', runtime: 'python3.14', memorySizeMb: 128 }],
  );
  assert.equal(page.next, undefined);
  const first = await connector.listFunctions({ limit: 1 });
  const second = await connector.listFunctions({ limit: 1, cursor: first.next ?? assert.fail('there is one page') });
  assert.notEqual(first.functions[0]?.name, second.functions[0]?.name);
});

test('qualifiers of a function are listed', async () => {
  const kinds = (await connector.listQualifiers('echo')).map(({ kind }) => kind);
  assert.ok(kinds.includes('latest'), String(kinds));
});

test('connection test passes, with its request to STS', async () => {
  const checks = await connector.testConnection('greet');
  assert.deepEqual(
    checks.map(({ subject, outcome }) => [subject, outcome]),
    ['clock', 'endpoint', 'identity', 'list-functions', 'invoke-function', 'function-configuration'].map((subject) => [subject, 'passed']),
  );
});

test('session makes the calls of its scope', async () => {
  const { keys, expires } = await connector.sessions.open({ scope: { functions: ['greet'], listFunctions: false, executions: false } });
  assert.ok(expires > BigInt(Date.now()) / 1_000n);
  const scoped = connector.withConnection({ ...connection, credentials: { tag: 'access-key', val: keys } });
  assert.equal(text(await scoped.invoke({ function: 'greet', json: { name: 'Ada' } })), '{"message":"Hello, Ada!"}');
});

test('durable execution is waited for, read and listed', async () => {
  const started = await connector.invoke({ function: 'durable', qualifier: '$LATEST', json: { key: randomUUID() }, invocationType: 'event' });
  const arn = started.durableExecutionArn ?? assert.fail('no execution');
  const { status, output } = await connector.executions.wait(arn, 60_000);
  assert.equal(status.tag, 'succeeded');
  const read = await connector.executions.get(arn, true);
  assert.deepEqual([read.arn, read.output], [arn, output]);
  assert.equal((await connector.executions.get(arn)).output, undefined);
  const { executions } = await connector.executions.listExecutions({ function: 'durable' });
  assert.ok(executions.some((execution) => execution.arn === arn));
  const { events } = await connector.executions.history({ arn });
  assert.equal(events[0]?.eventType, 'ExecutionStarted');
});

/** Starts a function that waits for a callback, and returns its ARN and the ID of the callback. */
async function startApproval(): Promise<{ arn: string; id: string }> {
  const started = await connector.invoke({ function: 'approval', qualifier: '$LATEST', json: {}, invocationType: 'event' });
  const arn = started.durableExecutionArn ?? assert.fail('no execution');
  for (let tries = 0; tries < 1_000; tries += 1) {
    try {
      const { events } = await connector.executions.history({ arn, withData: true });
      const id = events.map(({ details }) => JSON.parse(details ?? '{}').CallbackId).find((found) => found !== undefined);
      if (id !== undefined) return { arn, id };
    } catch (error) {
      // An execution is not visible right after its start.
      assert.ok(error instanceof ServiceError && error.category === 'not-found');
    }
  }
  assert.fail('no callback');
}

test('callback is answered, and the execution ends with the answer', async () => {
  const { arn, id } = await startApproval();
  assert.equal(await connector.executions.completeCallback(id, { tag: 'succeeded', val: Buffer.from('"yes"') }), undefined);
  assert.equal((await connector.executions.wait(arn, 60_000)).output, '{"approval":"yes"}');
});

test('execution is stopped', async () => {
  const { arn } = await startApproval();
  assert.equal(typeof (await connector.executions.stop(arn, { errorType: 'Cancelled', stackTrace: [] })), 'bigint');
  const { status, failure: stopped } = await connector.executions.get(arn, true);
  assert.deepEqual([status.tag, stopped?.errorType], ['stopped', 'Cancelled']);
});

test('cards describe, choose, test and run', async () => {
  const { cards, connection: fields } = await connector.cards.describe();
  assert.equal(cards[0]?.id, 'invoke');
  assert.ok(fields.find(({ key }) => key === 'secretAccessKey')?.secret);
  const { credentials, region, endpoint } = connection;
  if (credentials.tag !== 'access-key' || endpoint?.tag !== 'url') assert.fail();
  const { accessKeyId, secretAccessKey } = credentials.val;
  const form = JSON.stringify({ region, credentialType: 'accessKeys', accessKeyId, secretAccessKey, endpoint: endpoint.val });
  const values = JSON.stringify({ useFunctionName: 'Yes', functionName: 'greet', payload: { name: 'Ada' } });
  assert.equal(JSON.parse(await connector.cards.run(form, 'invoke', values)).output, '{"message":"Hello, Ada!"}');
  const { choices } = await connector.cards.choices(form, 'invoke', 'yourFunctions', '{}', 'gree');
  assert.deepEqual(choices.map(({ value }) => value), ['greet']);
  const checks = await connector.cards.test(form, 'invoke', values);
  assert.deepEqual(checks.filter(({ outcome }) => outcome !== 'passed'), []);
});

test('connection is asked for in each call, so that keys can be replaced', async () => {
  let asked = 0;
  const rotating = connector.withConnection(async () => {
    asked += 1;
    return connection;
  });
  await rotating.listQualifiers('echo');
  await rotating.listQualifiers('echo');
  assert.equal(asked, 2);
});

test('connector without options reads the environment in each call', async () => {
  const fromEnvironment = createConnector();
  assert.equal(text(await fromEnvironment.invoke({ function: 'echo', payload: '1' })), '1');
  await fromEnvironment.close();
});
