// The classes of the errors, what they report, and what they never show.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { inspect } from 'node:util';
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

test('argument of a wrong type is reported, and the next call succeeds', async () => {
  const request = { function: 'echo', logType: 'everything' } as unknown as { function: string };
  const error = await failure(connector.invoke(request), ExecutionFailedError);
  assert.deepEqual([error.tag, error.reason, error.executed], ['execution-failed', 'crashed', 'no']);
  assert.match(error.message, /compare the arguments with the declared types/);
  const functions = { function: () => 'echo' } as unknown as { function: string };
  assert.equal((await failure(connector.invoke(functions), InvalidInputError)).executed, 'no');
  assert.equal(text(await connector.invoke({ function: 'echo', payload: '1' })), '1');
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
