// Reads streamed responses while they arrive, with the component for WASI 0.3. Needs Node.js 26 or later.

import { readFile } from 'node:fs/promises';
import { monotonicClock, systemClock } from '@bytecodealliance/preview3-shim/clocks';
import { instantiate, type ImportObject } from '../generated/connector.js';
import type { InvokeRequest } from '../generated/interfaces/connectors-aws-lambda-lambda.js';
import type { ResponseEnd, ResponseHead, Result } from '../generated/interfaces/connectors-aws-lambda-streaming.js';
import type { Connection, Error as LambdaError } from '../generated/interfaces/connectors-aws-lambda-types.js';
import { confinedHttp } from './client.js';
import { settle } from './futures.js';
import type { Allowed } from './origins.js';

export interface Streamed {
  head: ResponseHead;
  /** The bytes as they arrive. A loop that is left before their end closes the connection. */
  pieces: AsyncIterable<Uint8Array>;
  /** Whether the function succeeded. Resolves once `pieces` has ended. */
  end: PromiseLike<Result<ResponseEnd, LambdaError>>;
}

/** What jco passes for a `stream<u8>`. Its declarations have less. */
interface ByteStream {
  read(options: { count: number }): Promise<{ done: false; value: Uint8Array } | { done: true; value: undefined }>;
  [Symbol.dispose](): void;
}

/**
 * Invokes a function, and returns its response once it begins. Aborting `signal` closes the connection.
 *
 * Each call has its own instance: with jco 1.35, several calls at once in an instance can block the event loop for ever.
 */
export async function stream(
  allowed: Allowed,
  connection: Connection,
  request: InvokeRequest,
  signal?: AbortSignal,
): Promise<Streamed> {
  const ended = new AbortController();
  const signals = [ended.signal, ...(signal === undefined ? [] : [signal])];
  const http = confinedHttp(allowed, AbortSignal.any(signals));
  const imports = {
    'wasi:clocks/monotonic-clock': clockUntil(ended.signal),
    'wasi:clocks/system-clock': systemClock,
    'wasi:http/client': http.client,
    'wasi:http/types': http.types,
  };
  // jco 1.35 declares the imports with versions, but reads them without.
  const { streaming } = await instantiate(module, imports as unknown as ImportObject);
  try {
    const { head, bytes, end } = await streaming.invokeWithResponseStream(connection, request);
    return { head, pieces: pieces(bytes as unknown as ByteStream, end, ended), end };
  } catch (error) {
    ended.abort();
    throw error;
  }
}

async function* pieces(
  bytes: ByteStream,
  end: Streamed['end'],
  ended: AbortController,
): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      // Iterating over `bytes` would read one byte at a time.
      const { done, value } = await bytes.read({ count: 65_536 });
      if (done) return;
      yield value;
    }
  } finally {
    bytes[Symbol.dispose]();
    ended.abort();
    settle(end);
  }
}

/**
 * The shim's clock, whose deadlines end with the call. The connector drops a wait when something else comes first, but
 * jco does not pass that on: the timer would keep the instance, and the process, until the deadline.
 */
function clockUntil(ended: AbortSignal): typeof monotonicClock {
  const timers = new Set<NodeJS.Timeout>();
  ended.addEventListener('abort', () => timers.forEach((timer) => clearTimeout(timer)));
  return {
    ...monotonicClock,
    waitUntil(deadline: bigint) {
      const ms = Number((deadline - monotonicClock.now()) / 1_000_000n) + 1;
      return new Promise((resolve) => {
        if (!ended.aborted) timers.add(setTimeout(resolve, ms).unref());
      });
    },
  };
}

const modules = new Map<string, Promise<WebAssembly.Module>>();

function module(name: string): Promise<WebAssembly.Module> {
  const compiled = modules.get(name) ?? compile(name);
  modules.set(name, compiled);
  return compiled;
}

async function compile(name: string): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await readFile(new URL(`../generated/${name}`, import.meta.url)));
}
