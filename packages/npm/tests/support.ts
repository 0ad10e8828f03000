// What the tests share. Each test file runs as a process of its own, beside one local Lambda.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { connectionFromEnvironment, createConnector, LambdaError, type Connection, type Connector, type Invocation } from '@connectors/aws-lambda';

export const connection: Connection = connectionFromEnvironment();
export const endpoint = connection.endpoint?.tag === 'url' ? new URL(connection.endpoint.val) : assert.fail('no local Lambda');
export const connector: Connector = createConnector();

export function text(invocation: Invocation): string {
  return invocation.output?.tag === 'text' ? invocation.output.val : assert.fail('the output is not text');
}

/** The error of a call, which must be of this class. */
export async function failure<T extends LambdaError>(call: Promise<unknown>, of: abstract new (...args: never) => T): Promise<T> {
  const error = await call.then(() => assert.fail('the call succeeded'), (thrown: unknown) => thrown);
  assert.ok(error instanceof LambdaError && error instanceof of, String(error));
  // The base class is abstract.
  if ((of as unknown) !== LambdaError) assert.equal(error.name, of.name);
  return error;
}

/** How often the function `count` has run for this key, including the run that returns this number. */
export async function runs(key: string): Promise<number> {
  return JSON.parse(text(await connector.invoke({ function: 'count', json: { key } }))).runs;
}

export function at(url: URL | string): Connection {
  return { ...connection, endpoint: { tag: 'url', val: String(url) } };
}

export async function listen(t: TestContext, server: Server): Promise<Connection> {
  // An idle thread keeps its connections, which would keep this process.
  server.on('connection', (socket) => t.after(() => socket.destroy()));
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return at(`http://127.0.0.1:${port}`);
}

/** Forwards connections to the local Lambda once `hold` permits it. `answered` resolves when a response begins. */
export async function relay(
  t: TestContext,
  hold: (socket: Socket) => Promise<unknown> | undefined = () => undefined,
): Promise<{ to: Connection; answered: Promise<void> }> {
  let begun = () => {};
  const answered = new Promise<void>((resolve) => (begun = resolve));
  const server = createServer(async (socket) => {
    socket.on('error', () => {});
    await hold(socket);
    const lambda = connect(Number(endpoint.port), endpoint.hostname);
    socket.pipe(lambda).pipe(socket);
    socket.on('close', () => lambda.destroy());
    lambda.on('error', () => socket.destroy()).once('data', begun);
  });
  return { to: await listen(t, server), answered };
}

/** A server that reads requests and answers none. `received` resolves when `count` connections have sent something. */
export async function silent(t: TestContext, count = 1): Promise<{ to: Connection; received: Promise<void>; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  let arrived = () => {};
  const received = new Promise<void>((resolve) => (arrived = resolve));
  const server = createServer((socket) => {
    socket.on('error', () => {}).once('data', () => {
      sockets.push(socket);
      if (sockets.length === count) arrived();
    });
  });
  return { to: await listen(t, server), received, sockets };
}
