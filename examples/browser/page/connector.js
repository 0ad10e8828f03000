// The connector in the page. It reaches the forwarder of the page's own origin, and nothing else.

import { monotonicClock, wallClock } from '@bytecodealliance/preview2-shim/clocks';
import { outgoingHandler, types } from '@bytecodealliance/preview2-shim/http';
import { error, poll, streams } from '@bytecodealliance/preview2-shim/io';
import { forwardingPath } from '../destinations.js';
import { instantiate } from '../generated/connector.js';

/** In nanoseconds: longer than the connector waits for anything, and the longest timer of a browser. */
const LONGEST = (2n ** 31n - 1n) * 1_000_000n;

/**
 * The shim (0.26.1) limits a whole response by the shorter of these, and reports its end as a connection that failed.
 * A slow function would then be invoked again. The connector's own deadlines end a request instead.
 */
const UNLIMITED = { connectTimeout: () => LONGEST, firstByteTimeout: () => LONGEST };

/** Runs `lambda.test-connection` in an instance of its own. After `signal` aborts, the instance sends nothing. */
export async function testConnection(connection, functionName, signal) {
  const { lambda } = await instantiate(module, {
    'wasi:clocks/monotonic-clock': monotonicClock,
    'wasi:clocks/wall-clock': wallClock,
    'wasi:http/outgoing-handler': { handle: (request) => send(request, signal) },
    'wasi:http/types': types,
    'wasi:io/error': error,
    'wasi:io/poll': poll,
    'wasi:io/streams': streams,
  });
  return lambda.testConnection(connection, functionName);
}

/** Sends a request through the forwarder. The connector has signed it for the authority that it names. */
function send(request, signal) {
  const path = forwardingPath(request.scheme()?.tag, request.authority(), request.pathWithQuery());
  // The connector reports this WIT error as `transport` with kind `denied`.
  if (path === undefined || signal.aborted) throw { tag: 'HTTP-request-denied' };
  request.setScheme({ tag: location.protocol === 'https:' ? 'HTTPS' : 'HTTP' });
  request.setAuthority(location.host);
  request.setPathWithQuery(path);
  return outgoingHandler.handle(request, UNLIMITED);
}

const modules = new Map();

function module(name) {
  const compiled = modules.get(name) ?? WebAssembly.compileStreaming(fetch(name));
  modules.set(name, compiled);
  // A download that failed is tried again by the next test.
  compiled.catch(() => modules.delete(name));
  return compiled;
}
