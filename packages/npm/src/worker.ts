// A thread that makes one call at a time, each in an instance of its own.

import { parentPort, workerData } from 'node:worker_threads';
import { monotonicClock, wallClock } from '@bytecodealliance/preview2-shim/clocks';
import { outgoingHandler, types } from '@bytecodealliance/preview2-shim/http';
import { error, poll, streams } from '@bytecodealliance/preview2-shim/io';
import { instantiate, type ImportObject } from '../raw/connector.js';
import type { Error as ErrorValue } from '../raw/interfaces/connectors-aws-lambda-types.js';
import type { Call, Functions, Reply, Setup } from './protocol.js';

const { modules, sent } = workerData as Setup;
const port = parentPort!;
let allowed: readonly string[] = [];

const handle: typeof outgoingHandler.handle = (request, options) => {
  const scheme = { HTTP: 'http:', HTTPS: 'https:' }[(request.scheme()?.tag ?? 'HTTPS') as string];
  const url = `${scheme}//${request.authority() ?? ''}`;
  if (scheme === undefined || !URL.canParse(url) || !allowed.includes(new URL(url).origin)) {
    // The connector reports this WIT error as `transport` with kind `denied`.
    throw { tag: 'HTTP-request-denied' };
  }
  // The call was ended as one that sent nothing.
  if (Atomics.compareExchange(sent, 0, 0, 1) === 2) throw { tag: 'HTTP-request-denied' };
  return outgoingHandler.handle(request, options);
};

// What the component imports, and nothing else of the shim, which also has files and sockets.
const imports = {
  'wasi:clocks/monotonic-clock': monotonicClock,
  'wasi:clocks/wall-clock': wallClock,
  'wasi:http/outgoing-handler': { handle },
  'wasi:http/types': types,
  'wasi:io/error': error,
  'wasi:io/poll': poll,
  'wasi:io/streams': streams,
} as unknown as ImportObject;

function reply(message: Reply): void {
  port.postMessage(message);
}

port.on('message', async (call: Call) => {
  allowed = call.allowed;
  try {
    const instance = await instantiate((path) => modules[path]!, imports);
    const functions = instance[call.interface] as unknown as Functions;
    reply({ tag: 'ok', val: functions[call.function]!(...call.arguments) });
  } catch (thrown) {
    const error = errorOf(thrown);
    reply(error === undefined ? { tag: 'crashed', message: describe(thrown) } : { tag: 'err', val: error });
  }
});

/** The `error` of a WIT `result`, which jco throws as the payload of a `ComponentError`. */
function errorOf(thrown: unknown): ErrorValue | undefined {
  const payload = thrown instanceof Error && 'payload' in thrown ? thrown.payload : undefined;
  return typeof payload === 'object' && payload !== null && 'tag' in payload ? (payload as ErrorValue) : undefined;
}

/** The message up to a value that it quotes, which may be a secret. */
function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'an unknown failure';
  const text = thrown.message.split(/[`"[]/, 1)[0]!.trim();
  return `${thrown.name}${text && `: ${text}`}`;
}

reply({ tag: 'ready' });
