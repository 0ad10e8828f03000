// One browser for all tests, and a fresh page with a server of its own for each test. `run` starts the local Lambda.

import { createServer } from 'node:http';
import { after, before } from 'node:test';
import { env } from 'node:process';
import { chromium } from 'playwright-core';
import { serve } from './serve.js';

export const LAMBDA = env.AWS_ENDPOINT_URL_LAMBDA;
if (!LAMBDA) throw new Error('AWS_ENDPOINT_URL_LAMBDA is not set; start these tests with examples/browser/run');

/** The local Lambda accepts only these keys. */
export const KEYS = {
  'Access key ID': env.AWS_ACCESS_KEY_ID,
  'Secret access key': env.AWS_SECRET_ACCESS_KEY,
};
export const FIELDS = { Region: env.AWS_REGION, ...KEYS, Function: 'greet' };

let browser;

/** Starts the browser before the tests and ends it after them. */
export function withBrowser() {
  before(async () => {
    const executablePath = env.CHROMIUM ?? '/usr/bin/chromium';
    const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
    browser = await chromium.launch({ executablePath, headless: true, args });
  });
  after(() => browser?.close());
}

/** Opens the page of a server that forwards to `target`, and hands it to `test`. */
export async function open(test, { target = LAMBDA, prepare, ...options } = {}) {
  const server = await serve({ target });
  const context = await browser.newContext({ locale: 'en', ...options });
  context.setDefaultTimeout(20_000);
  try {
    const page = await context.newPage();
    await prepare?.(page);
    const designer = new Designer(page, server);
    await page.goto(designer.url);
    await test(designer);
  } finally {
    await context.close();
    await close(server);
  }
}

/** Starts a server on 127.0.0.1, and hands its origin to `test`. */
export async function withServer(handler, test) {
  const server = createServer(handler);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await test(`http://127.0.0.1:${server.address().port}`);
  } finally {
    await close(server);
  }
}

export async function close(server) {
  if (!server.listening) return;
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}

/** The page by the names that its user sees. */
export class Designer {
  constructor(page, server) {
    this.page = page;
    this.server = server;
    this.url = `http://127.0.0.1:${server.address().port}/`;
    this.status = page.getByRole('status');
    this.button = page.getByRole('button', { name: 'Test connection' });
    /** What the page wrote to its console, uncaught errors included. */
    this.messages = [];
    page.on('console', (message) => this.messages.push(message.text()));
    page.on('pageerror', (error) => this.messages.push(String(error)));
    /** What the page requested: address, headers and body. */
    this.requests = [];
    page.on('request', (request) =>
      this.requests.push({ url: request.url(), headers: request.headers(), body: request.postData() }),
    );
  }

  field(label) {
    return this.page.getByLabel(label, { exact: true });
  }

  async fill(fields) {
    for (const [label, value] of Object.entries(fields)) await this.field(label).fill(value);
  }

  /** Runs a test to its end, and returns the checks by subject: outcome and detail. */
  async test(fields = FIELDS) {
    await this.fill(fields);
    await this.button.click();
    return this.checks();
  }

  async checks() {
    await this.ended();
    const rows = await this.page.getByRole('row').filter({ has: this.page.getByRole('cell') }).all();
    const texts = await Promise.all(
      rows.map(async (row) => [await row.getByRole('rowheader').textContent(), await row.getByRole('cell').allTextContents()]),
    );
    return Object.fromEntries(texts);
  }

  /** Waits for the end of a test. */
  async ended() {
    await this.page.locator('button:enabled').waitFor();
    return this.status.textContent();
  }

  /** The destinations of the connector's requests, in order. */
  get forwarded() {
    return this.requests.map(({ url }) => new URL(url)).filter(({ pathname }) => pathname.startsWith('/forward/'))
      .map(({ pathname }) => pathname.slice('/forward/'.length));
  }
}
