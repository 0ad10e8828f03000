// Sends requests through the browser part of preview2-shim to a server that reads them and stays silent.
// Exit code 0: each timeout is reported as a connection that failed, as report.md describes. 3: none is. 1: something else.

import { createServer } from 'node:http';

const shim = new URL('../../../examples/node/node_modules/@bytecodealliance/preview2-shim/dist/browser/http.js', import.meta.url);
const { outgoingHandler, types } = await import(shim);

let received = 0;
const server = createServer(() => (received += 1));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

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
