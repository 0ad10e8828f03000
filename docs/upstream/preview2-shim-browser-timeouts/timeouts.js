// Sends requests through the browser part of preview2-shim to a server that reads them and stays silent.
// The argument is the folder `node_modules` with the shim.
// Exit code 0: each timeout is reported as a connection that failed, as report.md describes. 3: none is. 1: something else.

import { createServer } from 'node:http';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const shim = pathToFileURL(resolve(process.argv[2], '@bytecodealliance/preview2-shim/dist/browser/http.js'));
const { outgoingHandler, types } = await import(shim);

let received = 0;
const server = createServer(() => (received += 1));
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));

/** Sends a request, and returns the error that the guest reads. */
async function send(options) {
  const request = new types.OutgoingRequest(new types.Fields());
  request.setScheme({ tag: 'HTTP' });
  request.setAuthority(`127.0.0.1:${server.address().port}`);
  request.setPathWithQuery('/');
  const response = outgoingHandler.handle(request, options);
  await response.subscribe().block();
  return response.get().val.val.tag;
}

function options(connectSeconds, firstByteSeconds) {
  const chosen = new types.RequestOptions();
  chosen.setConnectTimeout(BigInt(connectSeconds) * 1_000_000_000n);
  chosen.setFirstByteTimeout(BigInt(firstByteSeconds) * 1_000_000_000n);
  return chosen;
}

const reported = [];
for (const [connect, firstByte] of [[1, 3], [3, 1]]) {
  const before = received;
  const tag = await send(options(connect, firstByte));
  reported.push(tag);
  console.log(`connect ${connect} s, first byte ${firstByte} s: ${tag}; the server received ${received - before} request`);
}
server.closeAllConnections();
server.close();
const wrong = reported.filter((tag) => tag === 'connection-timeout').length;
process.exitCode = received !== 2 ? 1 : wrong === 2 ? 0 : wrong === 0 ? 3 : 1;
