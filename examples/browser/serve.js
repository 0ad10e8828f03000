// Serves the page, and forwards the connector's requests to one fixed target.

import { createReadStream } from 'node:fs';
import { Agent, createServer, request as toTarget } from 'node:http';
import { env } from 'node:process';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { forwarded } from './destinations.js';

const FILES = {
  '/': ['page/index.html', 'text/html; charset=utf-8'],
  '/page.css': ['page/page.css', 'text/css'],
  '/page.js': ['generated/page.js', 'text/javascript'],
  '/connector.core.wasm': ['generated/connector.core.wasm', 'application/wasm'],
  '/connector.core2.wasm': ['generated/connector.core2.wasm', 'application/wasm'],
  '/connector.core3.wasm': ['generated/connector.core3.wasm', 'application/wasm'],
};

const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': POLICY,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** What is forwarded, besides `X-Amz-*`. A browser adds cookies and more, which AWS must not see. */
const REQUEST_HEADERS = ['authorization', 'content-type', 'content-length', 'accept'];
const RESPONSE_HEADERS = ['content-type', 'content-length', 'date', 'retry-after'];

/** Longer than the connector waits for the first byte of a response. */
const SILENCE_MS = 60_000;

/** Starts the server on 127.0.0.1. It forwards to `target`, an origin, and to nothing else. */
export async function serve({ target, port = 0 }) {
  const agent = new Agent({ keepAlive: false });
  const server = createServer((request, response) => {
    answer(request, response, new URL(target), agent).catch(() => response.destroy());
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return server;
}

async function answer(request, response, target, agent) {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  const forward = forwarded(request.url);
  if (forward !== undefined) {
    // Another site's page may not use the forwarder.
    if (request.headers['sec-fetch-site'] !== 'same-origin') return refuse(response, 403);
    return send(request, response, target, forward, agent);
  }
  const file = Object.hasOwn(FILES, request.url) && request.method === 'GET' ? FILES[request.url] : undefined;
  if (file === undefined) return refuse(response, 404);
  response.setHeader('content-type', file[1]);
  await pipeline(createReadStream(new URL(file[0], import.meta.url)), response);
}

async function send(request, response, target, { authority, path }, agent) {
  const outgoing = toTarget({
    host: target.hostname,
    port: target.port,
    method: request.method,
    path,
    // The signature covers this authority, and the path as the connector wrote it.
    headers: { ...chosen(request.headers, REQUEST_HEADERS), host: authority },
    agent,
    timeout: SILENCE_MS,
  });
  outgoing.on('timeout', () => outgoing.destroy());
  response.once('close', () => outgoing.destroy());
  outgoing.on('response', (incoming) => {
    response.writeHead(incoming.statusCode, chosen(incoming.headers, RESPONSE_HEADERS));
    pipeline(incoming, response).catch(() => response.destroy());
  });
  outgoing.on('error', () => (response.headersSent ? response.destroy() : refuse(response, 502)));
  // The target may respond before it has read the whole body.
  await pipeline(request, outgoing).catch(() => {});
}

function chosen(headers, names) {
  const kept = ([name]) => names.includes(name) || name.startsWith('x-amz-') || name.startsWith('x-amzn-');
  return Object.fromEntries(Object.entries(headers).filter(kept));
}

function refuse(response, status) {
  response.writeHead(status, { 'content-type': 'text/plain' }).end();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const target = env.AWS_ENDPOINT_URL_LAMBDA;
  if (!target) throw new Error('AWS_ENDPOINT_URL_LAMBDA is not set: start this script with examples/with-lambda');
  const server = await serve({ target, port: Number(env.PORT ?? 0) });
  console.log(`Page  http://127.0.0.1:${server.address().port}`);
  console.log(`Keys  region ${env.AWS_REGION}, ${env.AWS_ACCESS_KEY_ID}, ${env.AWS_SECRET_ACCESS_KEY} (of the local Lambda only)`);
}
