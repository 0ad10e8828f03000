// `wasi:http` over `node:http`, confined to some origins.
//
// It replaces the client of preview3-shim 0.7.0. That one keeps the connection of a response that was dropped. Where a
// connection breaks, it fails the stream of the body instead of ending it: the call waits for ever, or the process ends.

import { once } from 'node:events';
import { request as overHttp, type IncomingMessage } from 'node:http';
import { request as overHttps } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { types } from '@bytecodealliance/preview3-shim/http';
import type { ErrorCode, Result } from '../generated/interfaces/wasi-http-types.js';
import { settle } from './futures.js';
import { isAllowed, type Allowed } from './origins.js';

type Fields = InstanceType<typeof types.Fields>;
type Request = InstanceType<typeof types.Request>;

/** The interfaces `client` and `types` for one instance. Aborting `signal` closes its connections. */
export function confinedHttp(allowed: Allowed, signal: AbortSignal) {
  return {
    client: { send: (request: Request) => send(request, allowed, signal) },
    types: { ...types, Response },
  };
}

async function send(request: Request, allowed: Allowed, signal: AbortSignal): Promise<Response> {
  const secure = request.getScheme()?.tag !== 'HTTP';
  const url = `${secure ? 'https' : 'http'}://${request.getAuthority()}${request.getPathWithQuery()}`;
  // The connector reports this WIT error as `transport` with kind `denied`.
  if (!isAllowed(url, allowed)) throw { tag: 'HTTP-request-denied' } satisfies ErrorCode;
  const headers = request.getHeaders().copyAll();
  const outgoing = (secure ? overHttps : overHttp)(url, {
    method: request.getMethod().tag.toUpperCase(),
    headers: Object.fromEntries(headers.map(([name, value]) => [name, Buffer.from(value).toString('latin1')])),
    // A connection of an earlier request may close under this one, and leave open whether the function ran.
    agent: false,
    signal,
  });
  const [body, trailers] = types.Request.consumeBody(request, Promise.resolve({ tag: 'ok', val: undefined }));
  settle(trailers);
  // Lambda rejects some requests before it has read them. The response then explains why.
  pipeline(body ?? [], outgoing).catch(() => {});
  try {
    const [incoming] = await once(outgoing, 'response');
    outgoing.on('error', () => {});
    return new Response(incoming);
  } catch (error) {
    throw errorCode(error);
  }
}

class Response {
  readonly #incoming: IncomingMessage;

  constructor(incoming: IncomingMessage) {
    this.#incoming = incoming.on('error', () => {});
  }

  getStatusCode(): number {
    return this.#incoming.statusCode ?? 0;
  }

  getHeaders(): Fields {
    const fields = new types.Fields();
    for (const [name, values = []] of Object.entries(this.#incoming.headersDistinct)) {
      for (const value of values) {
        try {
          fields.append(name, Buffer.from(value, 'latin1'));
        } catch {
          // WASI forbids the headers of a connection, for example `transfer-encoding`.
        }
      }
    }
    return fields;
  }

  /** Returns the body, which ends where the connection breaks, and the trailers, which tell whether it is whole. */
  static consumeBody(response: Response, handled: PromiseLike<unknown>): [AsyncIterable<Uint8Array>, Promise<Result<undefined, ErrorCode>>] {
    settle(handled);
    const incoming = response.#incoming;
    const chunks = incoming[Symbol.asyncIterator]();
    const done = { done: true, value: undefined } as const;
    const body = {
      next: () => chunks.next().catch(() => done),
      // `chunks.return` would first wait for the next chunk.
      async return() {
        incoming.destroy();
        return done;
      },
    };
    const trailers = new Promise<Result<undefined, ErrorCode>>((resolve) => {
      incoming.once('close', () =>
        resolve(incoming.complete ? { tag: 'ok', val: undefined } : { tag: 'err', val: { tag: 'HTTP-response-incomplete' } }),
      );
    });
    return [{ [Symbol.asyncIterator]: () => body }, trailers];
  }

  [Symbol.dispose](): void {
    this.#incoming.destroy();
  }
}

function errorCode(error: unknown): ErrorCode {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return { tag: 'DNS-error', val: {} };
    case 'ECONNREFUSED':
      return { tag: 'connection-refused' };
    case 'ECONNRESET':
    case 'ABORT_ERR':
      return { tag: 'connection-terminated' };
    default:
      return { tag: 'internal-error', val: String(error) };
  }
}
