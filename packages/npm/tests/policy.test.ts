// Where a call may go.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { createConnector, defaultAllowedHosts, TransportError, type Connection } from '@connectors/aws-lambda';
import { at, connection, connector, endpoint, failure, runs, text } from './support.js';

const { endpoint: _, ...standard } = connection;
const role: Connection = {
  ...standard,
  credentials: { tag: 'assume-role', val: { source: { accessKeyId: 'a', secretAccessKey: 's' }, roles: [{ arn: 'arn:aws:iam::123456789012:role/r' }] } },
};

test('destination outside the policy is denied, and the function does not run', async () => {
  const key = randomUUID();
  const confined = createConnector({ allowedHosts: defaultAllowedHosts(standard) });
  const error = await failure(confined.invoke({ function: 'count', json: { key } }), TransportError);
  assert.deepEqual([error.kind, error.executed], ['denied', 'no']);
  assert.equal(await runs(key), 1);
  await confined.close();
});

test('allowedHosts replaces the default, and matches scheme, host and port', async () => {
  const { hostname, port } = endpoint;
  const denied = ['lambda.us-east-1.amazonaws.com', `https://${hostname}:${port}`, hostname, `http://${hostname}`, `http://localhost:${port}`];
  for (const allowedHosts of [[], ...denied.map((host) => [host])]) {
    const confined = createConnector({ allowedHosts });
    const error = await failure(confined.invoke({ function: 'greet' }), TransportError);
    assert.deepEqual([error.kind, error.executed], ['denied', 'no'], String(allowedHosts));
    await confined.close();
  }
  const open = createConnector({ allowedHosts: [`http://${hostname}:${port}/`] });
  assert.equal(text(await open.invoke({ function: 'echo', payload: '1' })), '1');
  await open.close();
});

test('endpoint of another connection is denied if allowedHosts is set', async () => {
  const confined = createConnector({ allowedHosts: [endpoint.origin] });
  const error = await failure(confined.withConnection(at('http://127.0.0.1:1')).invoke({ function: 'echo' }), TransportError);
  assert.deepEqual([error.kind, error.executed], ['denied', 'no']);
  await confined.close();
});

test('default is the hosts of Lambda in the region, and the endpoint', () => {
  const lambda = [
    'https://lambda.us-east-1.amazonaws.com',
    'https://lambda-fips.us-east-1.amazonaws.com',
    'https://lambda.us-east-1.api.aws',
    'https://lambda-fips.us-east-1.api.aws',
  ];
  assert.deepEqual(defaultAllowedHosts(standard), lambda);
  assert.deepEqual(defaultAllowedHosts(connection), [...lambda, endpoint.origin]);
  const sts = lambda.map((origin) => origin.replace('//lambda', '//sts'));
  assert.deepEqual(defaultAllowedHosts(role), [...lambda, ...sts]);
  assert.deepEqual(defaultAllowedHosts(standard, { sts: true }), [...lambda, ...sts]);
});

test('default of a connection with a wrong field names the field and repeats nothing', () => {
  const hosts = (fields: object) => () => defaultAllowedHosts({ ...standard, ...fields } as Connection);
  for (const endpoint of ['https://user:hunter2@h', { tag: 'url', val: ['https://user:hunter2@h'] }]) {
    assert.throws(hosts({ endpoint }), { name: 'InvalidInputError', field: /^connection\.endpoint/, message: /^(?![^]*hunter2)/ });
  }
  assert.throws(hosts({ credentials: undefined }), { name: 'InvalidInputError', field: 'connection.credentials' });
  assert.throws(hosts({ region: undefined }), { name: 'InvalidInputError', field: 'connection.region' });
  assert.deepEqual(hosts({ endpoint: null })(), defaultAllowedHosts(standard));
});

test('text that is not a region has no hosts', () => {
  for (const region of ['', 's3', 'eu-central-1.evil.example', 'eu-central-1/', 'EU-CENTRAL-1', '@evil.example', 'a-b-1#']) {
    assert.deepEqual(defaultAllowedHosts({ ...role, region }), [], region);
  }
});

test('default allows only hosts that the connector declares, in every partition', async () => {
  const { outboundHosts } = await connector.cards.describe();
  const regions = [
    'eu-central-1', 'us-gov-west-1', 'cn-north-1', 'eusc-de-east-1', 'us-iso-east-1', 'us-isob-east-1', 'eu-isoe-west-1', 'us-isof-south-1',
  ];
  const allowed = regions.flatMap((region) => defaultAllowedHosts({ ...role, region }).map((origin) => origin.replace(region, '{region}')));
  assert.deepEqual(new Set(allowed), new Set(outboundHosts.map((host) => `https://${host}`)));
});

test('calls that need STS may reach it, and others may not', async (t) => {
  const sent = t.mock.method(Worker.prototype, 'postMessage');
  const allowed = async (call: Promise<unknown>) => {
    await call.catch(() => {});
    return (sent.mock.calls[0]?.arguments[0] as { allowed: string[] }).allowed;
  };
  const isolated = createConnector({ connection });
  const [without, withSts] = [defaultAllowedHosts(connection), defaultAllowedHosts(connection, { sts: true })];
  for (const [expected, call] of [
    [without, () => isolated.invoke({ function: 'echo' })],
    [without, () => isolated.listFunctions()],
    [without, () => isolated.executions.get('arn')],
    [[], () => isolated.cards.describe()],
    [withSts, () => isolated.testConnection()],
    [withSts, () => isolated.sessions.open()],
    [withSts, () => isolated.cards.test('{}', 'invoke', '{}')],
    [withSts, () => isolated.cards.choices('{}', 'invoke', 'function', '{}')],
    [withSts, () => isolated.cards.run('{}', 'invoke', '{}')],
    // STS is called at an endpoint that is an IP address.
    [defaultAllowedHosts(connection, { sts: true }), () => isolated.withConnection({ ...role, endpoint: connection.endpoint! }).listFunctions()],
  ] as const) {
    sent.mock.resetCalls();
    assert.deepEqual(await allowed(call()), expected, String(call));
  }
  await isolated.close();
});

test('entry that is not an origin is rejected without being repeated', () => {
  for (const entry of ['', '*.amazonaws.com', 'https://user:hunter2@h', 'https://h/hunter2', 'ftp://h', 'https://h?hunter2', 'h i']) {
    assert.throws(() => createConnector({ allowedHosts: ['ok.example', entry] }), { name: 'TypeError', message: /^allowedHosts\[1\](?!.*hunter2)/ }, entry);
  }
});
