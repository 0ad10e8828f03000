// The classes of the errors, what they report, and what they never show.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import {
  AwsError, connectionFromEnvironment, createConnector, ExecutionFailedError, FunctionFailedError, InvalidInputError, LambdaError,
  ServiceError, toLambdaError, TransportError, UnauthenticatedError, type Connection,
} from '@connectors/aws-lambda';
import { connection, connector, failure, listen, runs, text } from './support.js';

test('failed function is an error with its output', async () => {
  const error = await failure(connector.invoke({ function: 'fail', json: { type: 'OrderNotFound', message: 'no order 7' } }), FunctionFailedError);
  const { marker, cause, errorType, errorMessage } = error.failure;
  assert.deepEqual([marker, cause, errorType, errorMessage], ['Unhandled', 'thrown', 'OrderNotFound', 'no order 7']);
  assert.deepEqual([error.tag, error.executed, error.message], ['function-failed', 'yes', 'the function failed: thrown: OrderNotFound: no order 7']);
  assert.equal(JSON.parse(text(error.invocation)).errorMessage, 'no order 7');
  assert.ok(!inspect(error).includes('statusCode'), 'the output is printed');
});

test('failed function of a streamed response is an error', async () => {
  const json = { chunks: [{ text: 'partial' }], fail: { type: 'KeyError', message: 'no order' } };
  const error = await failure(connector.invoke({ function: 'stream', json, responseMode: 'streamed' }), FunctionFailedError);
  assert.deepEqual([error.failure.errorType, text(error.invocation)], ['KeyError', 'partial']);
});

test('invalid field is named, and nothing is sent', async () => {
  const error = await failure(connector.invoke({ function: 'echo', payload: '{' }), InvalidInputError);
  assert.deepEqual([error.tag, error.executed, error.field], ['invalid-input', 'no', 'request.payload']);
  assert.match(error.message, /^request\.payload: /);
});

test('payload that JSON or UTF-8 cannot express is rejected', async () => {
  const cycle: { self?: object } = {};
  cycle.self = cycle;
  const field = async (request: object) => (await failure(connector.invoke({ function: 'echo', ...request }), InvalidInputError)).field;
  assert.equal(await field({ json: cycle }), 'request.json');
  assert.equal(await field({ json: 1n }), 'request.json');
  assert.equal(await field({ json: () => 1 }), 'request.json');
  assert.equal(await field({ json: 1, payload: '1' }), 'request.json');
  assert.equal(await field({ payload: { a: 1 } }), 'request.payload');
  assert.equal(await field({ payload: '"\ud800"' }), 'request.payload');
});

test('missing function is an error of the service', async () => {
  const error = await failure(connector.invoke({ function: 'missing' }), ServiceError);
  assert.ok(error instanceof AwsError);
  assert.deepEqual(
    [error.tag, error.code, error.statusCode, error.category, error.executed, error.retryable, error.attempts],
    ['service', 'ResourceNotFoundException', 404, 'not-found', 'no', false, 1],
  );
  assert.match(error.message, /^ResourceNotFoundException: .*; check the function's name.* \(the function did not run\)$/);
});

test('error has the stack of its caller', async () => {
  async function place_order() {
    await connector.invoke({ function: 'missing' });
  }
  const error = await failure(place_order(), ServiceError);
  assert.match(error.stack ?? '', /^ServiceError: [^]*\n    at async place_order /);
});

test('wrong key is unauthenticated', async () => {
  const wrong: Connection = { ...connection, credentials: { tag: 'access-key', val: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'k' } } };
  const error = await failure(connector.withConnection(wrong).invoke({ function: 'echo' }), UnauthenticatedError);
  assert.deepEqual([error.tag, error.executed, error.category], ['unauthenticated', 'no', 'credentials']);
});

test('call without response is a timeout, is unknown, and runs once', async () => {
  const key = randomUUID();
  const request = { function: 'count', json: { key, ms: 60_000 }, delivery: { responseTimeoutMs: 500 } };
  const error = await failure(connector.invoke(request), TransportError);
  assert.deepEqual([error.tag, error.kind, error.executed, error.attempts], ['transport', 'timeout', 'unknown', 1]);
  assert.equal(await runs(key), 2);
});

test('response timeout of the connector applies, unless the call has one', async () => {
  const impatient = createConnector({ timeouts: { responseMs: 500 } });
  const key = randomUUID();
  const error = await failure(impatient.invoke({ function: 'count', json: { key, ms: 60_000 } }), TransportError);
  assert.deepEqual([error.kind, error.executed], ['timeout', 'unknown']);
  const patient = await impatient.invoke({ function: 'slow', json: { ms: 1_000 }, delivery: { responseTimeoutMs: 60_000 } });
  assert.equal(text(patient), '{"sleptMs":1000}');
  await impatient.close();
});

test('call longer than the connect timeout runs once', async () => {
  const key = randomUUID();
  const answer = await connector.invoke({ function: 'count', json: { key, ms: 1_500 }, delivery: { connectTimeoutMs: 500 } });
  assert.deepEqual(JSON.parse(text(answer)), { key, runs: 1 });
  assert.equal(await runs(key), 2);
});

test('streamed response over its limit is an error after the function ran', async () => {
  const json = { chunks: [{ bytes: 1_001 }] };
  const error = await failure(connector.invoke({ function: 'stream', json, responseMode: 'streamed', maxResponseBytes: 1_000 }), TransportError);
  assert.deepEqual([error.kind, error.executed, error.attempts], ['malformed', 'yes', 1]);
});

test('truncated response is an error, not a trap', async (t) => {
  const answer = 'HTTP/1.1 200 OK\r\nx-amzn-requestid: r\r\ncontent-length: 100\r\n\r\n{"half';
  const to = await listen(t, createServer((socket) => socket.once('data', () => socket.end(answer)).on('error', () => {})));
  const error = await failure(connector.withConnection(to).invoke({ function: 'echo' }), TransportError);
  assert.deepEqual([error.kind, error.executed, error.attempts], ['cut-off', 'yes', 1]);
});

test('each case of the error has its class', () => {
  const service = {
    code: 'C', message: 'm', statusCode: 400, category: 'other', executed: 'unknown', retryable: false, attempts: 1,
  } as const;
  const cases = [
    [toLambdaError({ tag: 'invalid-input', val: { field: 'f', message: 'm' } }), InvalidInputError],
    [toLambdaError({ tag: 'unauthenticated', val: service }), UnauthenticatedError],
    [toLambdaError({ tag: 'service', val: service }), ServiceError],
    [toLambdaError({ tag: 'transport', val: { kind: 'dns', message: 'm', executed: 'no', attempts: 1 } }), TransportError],
    [toLambdaError({ tag: 'execution-failed' }), ExecutionFailedError],
  ] as const;
  for (const [error, of] of cases) {
    assert.ok(error instanceof of && error instanceof LambdaError && error instanceof Error);
    assert.equal(error.name, of.name);
  }
});

test('argument of a wrong type is rejected by its field without being repeated, and nothing is sent', async (t) => {
  const sent = t.mock.method(Worker.prototype, 'postMessage');
  // Callers without TypeScript can pass any value.
  const untyped = connector as any;
  const { executions, sessions, cards } = untyped;
  const patient = createConnector({ timeouts: { responseMs: 500 } }) as any;
  const invoke = (fields: object) => untyped.invoke({ function: 'count', json: {}, ...fields });
  const delivery = (fields: object) => invoke({ delivery: fields });
  const through = (fields: object) => untyped.withConnection({ ...connection, ...fields }).listQualifiers('echo');
  const transferred = new Uint8Array(8);
  structuredClone(transferred, { transfer: [transferred.buffer] });
  const half = 'hunter2\ud800';
  const cases: [Promise<unknown>, string, RegExp][] = [
    [delivery({ idempotent: 'false' }), 'request.delivery.idempotent', /it is not true or false$/],
    [delivery({ idempotent: 0 }), 'request.delivery.idempotent', /true or false/],
    [delivery({ maxAttempts: 257 }), 'request.delivery.max-attempts', /it is not a whole number from 0 to 255$/],
    [delivery({ maxAttempts: '3' }), 'request.delivery.max-attempts', /0 to 255/],
    [delivery({ maxAttempts: 1.5 }), 'request.delivery.max-attempts', /0 to 255/],
    [delivery({ responseTimeoutMs: 2 ** 32 + 1_000 }), 'request.delivery.response-timeout-ms', /0 to 4294967295$/],
    [delivery({ connectTimeoutMs: -1 }), 'request.delivery.connect-timeout-ms', /0 to 4294967295/],
    [delivery({ connectTimeoutMs: NaN }), 'request.delivery.connect-timeout-ms', /0 to 4294967295/],
    [delivery([]), 'request.delivery', /it is not an object$/],
    [invoke({ delivery: 'hunter2' }), 'request.delivery', /it is not an object$/],
    [invoke({ maxResponseBytes: 5e9 }), 'request.max-response-bytes', /0 to 4294967295/],
    [untyped.invoke({ function: 'count', payload: '{}', payloadIsJson: 'hunter2' }), 'request.payload-is-json', /true or false/],
    [invoke({ payloadSha256: 'hunter2' }), 'request.payload-sha256', /it is not a Uint8Array$/],
    [invoke({ logType: 'hunter2' }), 'request.log-type', /it is not 'none' or 'tail'$/],
    [invoke({ function: () => 'hunter2' }), 'request.function', /it is not text$/],
    [invoke({ function: half }), 'request.function', /half of a surrogate pair/],
    [invoke({ qualifier: half }), 'request.qualifier', /half of a surrogate pair/],
    [untyped.invoke(), 'request.function', /it is missing; pass text$/],
    [untyped.invoke({ function: 'echo', payload: Buffer.from('1') }), 'request.payload', /it is not text/],
    [patient.invoke({ function: 'echo', delivery: 'hunter2' }), 'request.delivery', /it is not an object/],
    [patient.sessions.open('hunter2'), 'request', /it is not an object/],
    [untyped.listFunctions('hunter2'), 'query', /it is not an object/],
    [untyped.listFunctions({ limit: 2n }), 'query.limit', /0 to 4294967295/],
    [untyped.listQualifiers(half), 'function', /half of a surrogate pair/],
    [untyped.testConnection('echo', half), 'qualifier', /half of a surrogate pair/],
    [sessions.open({ scope: { functions: ['echo', 7], listFunctions: false, executions: false } }), 'request.scope.functions[1]', /it is not text/],
    [sessions.open({ scope: { functions: 'echo', listFunctions: false, executions: false } }), 'request.scope.functions', /it is not an array/],
    [executions.get('arn', 'false'), 'with-data', /true or false/],
    [executions.wait('arn', 2 ** 32), 'timeout-ms', /0 to 4294967295/],
    [executions.wait('arn'), 'timeout-ms', /it is missing; pass a whole number/],
    [executions.listExecutions({ function: 'f', startedAfterMs: 1 }), 'query.started-after-ms', /it is not a BigInt from 0 to 18446744073709551615$/],
    [executions.listExecutions({ function: 'f', startedAfterMs: -1n }), 'query.started-after-ms', /BigInt/],
    [executions.listExecutions({ function: 'f', statuses: [{ tag: 'other', val: half }] }), 'query.statuses[0].other', /half of a surrogate pair/],
    [executions.stop('arn', { errorType: 'Cancelled' }), 'failure.stack-trace', /it is missing; pass an array$/],
    [executions.completeCallback('id', { tag: 'succeeded', val: '"hunter2"' }), 'outcome.succeeded', /it is not a Uint8Array$/],
    [executions.completeCallback('id', { tag: 'succeeded', val: [34, 34] }), 'outcome.succeeded', /it is not a Uint8Array/],
    [executions.completeCallback('id', { tag: 'succeeded', val: new ArrayBuffer(2) }), 'outcome.succeeded', /it is not a Uint8Array/],
    [executions.completeCallback('id', { tag: 'succeeded', val: transferred }), 'outcome.succeeded', /transferred/],
    [executions.completeCallback('id', { tag: 'constructor' }), 'outcome', /it is not an object whose `tag` is 'succeeded' or 'failed' or 'heartbeat'$/],
    [executions.completeCallback(half, { tag: 'heartbeat' }), 'callback-id', /half of a surrogate pair/],
    [cards.run('{}', 'invoke', { password: 'hunter2' }), 'values', /it is not text/],
    [cards.run(half, 'invoke', '{}'), 'connection', /half of a surrogate pair/],
    [through({ region: undefined }), 'connection.region', /it is missing; pass text$/],
    [through({ region: half }), 'connection.region', /half of a surrogate pair/],
    [through({ credentials: undefined }), 'connection.credentials', /it is missing; pass an object whose `tag` is 'access-key' or /],
    [through({ credentials: { tag: 'access-key', val: { accessKeyId: 'a' } } }), 'connection.credentials.access-key.secret-access-key', /it is missing/],
    [through({ endpoint: 'https://user:hunter2@h' }), 'connection.endpoint', /it is not an object whose `tag` is 'fips' or /],
    [through({ endpoint: { tag: 'url', val: new URL('https://user:hunter2@h') } }), 'connection.endpoint.url', /it is not text$/],
    [untyped.withConnection(null).listQualifiers('echo'), 'connection', /it is missing; pass an object$/],
  ];
  const errors = await Promise.all(cases.map(([call, field]) => failure(call, InvalidInputError).catch((thrown) => assert.fail(`${field}: ${thrown}`))));
  assert.deepEqual(errors.map(({ field, executed }) => [field, executed]), cases.map(([, field]) => [field, 'no']));
  errors.forEach((error, index) => assert.match(error.message, cases[index]![2]));
  assert.deepEqual(errors.filter((error) => inspect(error).includes('hunter2')), []);
  assert.equal(sent.mock.callCount(), 0);
  await patient.close();
});

test('field that is null or undefined counts as left out', async (t) => {
  const sent = t.mock.method(Worker.prototype, 'postMessage');
  const untyped = createConnector({ timeouts: { responseMs: 60_000 } }) as any;
  const absent = { qualifier: null, payload: null, payloadSha256: undefined, delivery: { responseTimeoutMs: undefined, idempotent: null } };
  assert.equal(text(await untyped.invoke({ function: 'echo', json: 1, ...absent })), '1');
  const { functions } = await untyped.listFunctions({ nameContains: 'echo', allVersions: undefined, delivery: null });
  assert.deepEqual(functions.map(({ name }: { name: string }) => name), ['echo']);
  const messages = sent.mock.calls.map((call) => call.arguments[0] as { arguments: { delivery: { responseTimeoutMs: number } }[] });
  assert.deepEqual(messages.map((message) => message.arguments[1]?.delivery.responseTimeoutMs), [60_000, 60_000]);
  await untyped.close();
});

test('bytes are sent without the memory around them', async (t) => {
  const sent = t.mock.method(Worker.prototype, 'postMessage');
  await connector.executions.completeCallback('id', { tag: 'succeeded', val: Buffer.from('"yes"') }).catch(() => {});
  const [{ arguments: [, , outcome] }] = sent.mock.calls[0]?.arguments as [{ arguments: [unknown, unknown, { val: Uint8Array }] }];
  assert.equal(Buffer.from(outcome.val.buffer).toString(), '"yes"');
});

test('no secret appears in an error, or when a connector is printed', async () => {
  const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
  const sessionToken = 'IQoJb3JpZ2luX2VjEXAMPLETOKEN';
  const accessKey = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: secret, sessionToken };
  const credentials: unknown[] = [
    { tag: 'access-key', val: accessKey },
    { tag: 'access-key', val: { ...accessKey, accessKeyId: 7 } },
    { tag: 'signing-key', val: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', date: '20260101', key: [secret] } },
    { tag: secret, val: sessionToken },
    secret,
  ];
  for (const given of credentials) {
    const wrong = connector.withConnection({ ...connection, credentials: given } as Connection);
    const error = await failure(wrong.invoke({ function: 'echo' }), LambdaError);
    const separate = createConnector({ connection: { ...connection, credentials: given } as Connection });
    const all = { depth: Infinity, showHidden: true, getters: true };
    const shown = [wrong, separate, error].flatMap((value) => [inspect(value, all), String(value), JSON.stringify(value), Object.keys(value).join()]);
    shown.push(error.stack ?? '');
    for (const part of [secret, sessionToken]) assert.deepEqual(shown.filter((text) => text.includes(part)), []);
  }
});

test('environment without keys or with two endpoints is rejected before the call', async () => {
  assert.throws(() => connectionFromEnvironment({}), { name: 'InvalidInputError', message: /AWS_REGION or AWS_DEFAULT_REGION is not set/ });
  const keys = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 's' };
  assert.throws(() => connectionFromEnvironment({ ...keys, AWS_ACCESS_KEY_ID: '' }), { field: 'connection.credentials' });
  assert.throws(
    () => connectionFromEnvironment({ ...keys, AWS_ENDPOINT_URL: 'http://user:password@h', AWS_USE_FIPS_ENDPOINT: 'true' }),
    { field: 'connection.endpoint', message: /^(?!.*password)/ },
  );
  assert.deepEqual(connectionFromEnvironment({ ...keys, AWS_SESSION_TOKEN: 't', AWS_USE_DUALSTACK_ENDPOINT: 'true' }), {
    region: 'us-east-1',
    credentials: { tag: 'access-key', val: { accessKeyId: 'a', secretAccessKey: 's', sessionToken: 't' } },
    endpoint: { tag: 'dual-stack' },
  });
});
