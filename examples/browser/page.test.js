// The button and what it leaves behind, in Chromium.

import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { close, FIELDS, KEYS, LAMBDA, open, withBrowser, withServer } from './support.js';

const TOKEN = 'session/token+0123456789abcdefghijklmnopqrstuv';

/** What one test of a connection requests, with a function. */
const ONE_TEST = [
  'lambda.us-east-1.amazonaws.com/2015-03-31/functions',
  'sts.us-east-1.amazonaws.com/',
  'lambda.us-east-1.amazonaws.com/2015-03-31/functions/greet/invocations',
  'lambda.us-east-1.amazonaws.com/2015-03-31/functions/greet/configuration',
];

const PASSED = {
  clock: ['passed', 'in step with AWS'],
  endpoint: ['passed', 'lambda.us-east-1.amazonaws.com responds'],
  identity: ['passed', 'arn:aws:iam::123456789012:user/local-lambda of account 123456789012'],
  'list-functions': ['passed', 'allowed'],
  'invoke-function': ['passed', "allowed, and the function's name and qualifier exist"],
  'function-configuration': ['passed', 'the function is active, with a timeout of 30 seconds'],
};

withBrowser();

test('every check passes with the right keys', () =>
  open(async (designer) => {
    assert.deepEqual(await designer.test(), PASSED);
    assert.equal(await designer.status.textContent(), 'No check failed.');
    assert.deepEqual(designer.forwarded, ONE_TEST);
    assert.deepEqual(designer.messages, []);
  }));

test('checks of a function are skipped without a function', () =>
  open(async (designer) => {
    const checks = await designer.test({ ...FIELDS, Function: '' });
    assert.deepEqual(checks, {
      ...PASSED,
      'invoke-function': ['skipped', 'pass a function to check whether it may be invoked'],
      'function-configuration': ['skipped', 'pass a function to check its configuration'],
    });
  }));

test('checks fail with a wrong secret', () =>
  open(async (designer) => {
    const checks = await designer.test({ ...FIELDS, 'Secret access key': 'wrong' });
    assert.deepEqual(checks.endpoint, PASSED.endpoint);
    for (const subject of ['identity', 'list-functions', 'invoke-function', 'function-configuration']) {
      const [outcome, detail] = checks[subject];
      assert.equal(outcome, 'failed');
      assert.match(detail, /signature we calculated does not match/);
    }
    assert.equal(await designer.status.textContent(), 'Checks that failed: 4.');
  }));

test('role that does not trust the keys fails the identity check', () =>
  open(async (designer) => {
    const role = 'arn:aws:iam::123456789012:role/caller';
    const checks = await designer.test({ ...FIELDS, 'Role to assume': role });
    const [outcome, detail] = checks.identity;
    assert.equal(outcome, 'failed');
    assert.match(detail, new RegExp(`not authorized to perform: sts:AssumeRole on resource: ${role}`));
    assert.deepEqual(checks['invoke-function'], ['skipped', "could not obtain the role's credentials"]);
    assert.deepEqual(designer.forwarded, ['sts.us-east-1.amazonaws.com/']);
  }));

test('second test of the page has a result of its own', () =>
  open(async (designer) => {
    assert.deepEqual((await designer.test({ ...FIELDS, 'Secret access key': 'wrong' })).identity[0], 'failed');
    assert.deepEqual(await designer.test(), PASSED);
  }));

test('double click runs one test', () =>
  open(async (designer) => {
    await designer.fill(FIELDS);
    await designer.button.dblclick();
    assert.deepEqual(await designer.checks(), PASSED);
    assert.deepEqual(designer.forwarded, ONE_TEST);
  }));

test('form that is submitted twice at once runs one test', () =>
  open(async (designer) => {
    await designer.fill(FIELDS);
    await designer.page.evaluate(() => {
      const form = document.querySelector('form');
      form.requestSubmit();
      form.requestSubmit();
    });
    assert.deepEqual(await designer.checks(), PASSED);
    assert.deepEqual(designer.forwarded, ONE_TEST);
  }));

/** Everything that outlives a test of the page, as one text. */
async function leftovers({ page, messages, requests, status }) {
  const kept = await page.evaluate(async () => ({
    document: document.documentElement.outerHTML,
    values: [...document.querySelectorAll('input')].map((input) => input.value),
    address: location.href,
    history: [history.length, history.state],
    storage: [{ ...localStorage }, { ...sessionStorage }, document.cookie],
    databases: await indexedDB.databases(),
    caches: await caches.keys(),
    globals: Object.entries(globalThis).filter(([, value]) => typeof value === 'string'),
  }));
  return JSON.stringify([kept, messages, requests, await page.context().cookies(), await status.textContent()]);
}

for (const [result, secret] of [
  ['passes', KEYS['Secret access key']],
  ['fails', 'wrong/secret+0123456789abcdefghijklmnopqr'],
]) {
  test(`test that ${result} leaves no secret in the page, the address, the console or the storage`, () =>
    open(async (designer) => {
      await designer.fill({ ...FIELDS, 'Secret access key': secret });
      assert.ok((await leftovers(designer)).includes(secret), 'the search finds the secret while it is typed');
      await designer.button.click();
      const checks = await designer.checks();
      assert.equal(checks.identity[0], result === 'passes' ? 'passed' : 'failed');
      const left = await leftovers(designer);
      assert.ok(!left.includes(secret));
      assert.ok(!left.includes(encodeURIComponent(secret)));
      assert.equal(designer.page.url(), designer.url);
      for (const label of Object.keys(KEYS)) assert.equal(await designer.field(label).inputValue(), '');
      assert.equal(await designer.field('Region').inputValue(), 'us-east-1');
    }));
}

test('session token is sent in its header and left nowhere', () =>
  open(async (designer) => {
    await designer.test({ ...FIELDS, 'Session token': TOKEN });
    const sent = designer.requests.filter(({ url }) => url.includes('/forward/'));
    assert.deepEqual(new Set(sent.map(({ headers }) => headers['x-amz-security-token'])), new Set([TOKEN]));
    designer.requests.forEach(({ headers }) => delete headers['x-amz-security-token']);
    assert.ok(!(await leftovers(designer)).includes(TOKEN));
  }));

test('fields with keys are hidden and not remembered', () =>
  open(async (designer) => {
    for (const label of ['Access key ID', 'Secret access key', 'Session token']) {
      const field = designer.field(label);
      assert.deepEqual([await field.getAttribute('type'), await field.getAttribute('autocomplete')], ['password', 'off']);
    }
    assert.match(await designer.page.getByRole('note').textContent(), /keys are in this page/);
  }));

test('form without its script sends nothing', () =>
  open(
    async (designer) => {
      const methods = [];
      designer.server.on('request', ({ method }) => methods.push(method));
      await designer.fill(FIELDS);
      // The policy blocks the navigation that Playwright would wait for.
      await designer.button.click({ noWaitAfter: true });
      assert.equal(designer.page.url(), designer.url);
      await designer.page.goto(designer.url);
      assert.ok(methods.includes('GET') && !methods.includes('POST'), String(methods));
    },
    { javaScriptEnabled: false },
  ));

test('invalid name is rejected before anything is sent', () =>
  open(async (designer) => {
    await designer.test({ ...FIELDS, Function: 'no function!' });
    assert.match(await designer.status.textContent(), /^Not tested: function: /);
    assert.deepEqual(designer.forwarded, []);
    assert.equal(await designer.field('Secret access key').inputValue(), '');
  }));

test('browser without JSPI reports that it cannot test', () =>
  open(
    async (designer) => {
      await designer.test();
      assert.equal(await designer.status.textContent(), 'Not tested: this browser cannot suspend WebAssembly (JSPI).');
      assert.deepEqual(designer.forwarded, []);
    },
    { prepare: (page) => page.addInitScript('delete WebAssembly.Suspending') },
  ));

test('endpoint that refuses connections fails its check', async () => {
  let closed;
  await withServer(() => {}, (origin) => (closed = origin));
  await open(
    async (designer) => {
      const checks = await designer.test();
      assert.equal(checks.endpoint[0], 'failed');
      assert.match(checks.endpoint[1], /^lambda\.us-east-1\.amazonaws\.com: .*502/);
      assert.equal(checks['invoke-function'][0], 'failed');
    },
    { target: closed },
  );
});

test('forwarder that is gone fails every check', () =>
  open(async (designer) => {
    assert.deepEqual(await designer.test(), PASSED);
    await close(designer.server);
    const checks = await designer.test();
    assert.equal(checks.endpoint[0], 'failed');
    assert.deepEqual(
      ['identity', 'list-functions', 'invoke-function', 'function-configuration'].map((subject) => checks[subject][0]),
      Array(4).fill('failed'),
    );
  }));

test('endpoint that is silent ends the test after 60 seconds', async () => {
  const waiting = [];
  let arrived;
  const first = new Promise((resolve) => (arrived = resolve));
  await withServer(
    (request) => arrived(waiting.push(request)),
    (target) =>
      open(
        async (designer) => {
          await designer.fill(FIELDS);
          await designer.button.click();
          await first;
          await designer.page.clock.runFor(60_000);
          assert.equal(await designer.ended(), 'The test has no result after 60 seconds.');
          assert.equal(await designer.field('Secret access key').inputValue(), '');
          const sent = designer.forwarded.length;
          await designer.page.clock.runFor(3_600_000);
          assert.equal(designer.forwarded.length, sent);
        },
        { target, prepare: (page) => page.clock.install() },
      ),
  );
});

test('response after ten seconds is read, and its request is sent once', async () => {
  let release;
  const released = new Promise((resolve) => (release = resolve));
  let arrived;
  const first = new Promise((resolve) => (arrived = resolve));
  const slow = async (incoming, response) => {
    arrived();
    await released;
    const { method, headers } = incoming;
    const body = await new Response(incoming).arrayBuffer();
    const answer = await relay(`${LAMBDA}${incoming.url}`, method, headers, Buffer.from(body));
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  };
  await withServer(slow, (target) =>
    open(
      async (designer) => {
        await designer.fill(FIELDS);
        await designer.button.click();
        await first;
        await designer.page.clock.fastForward(10_000);
        release();
        const checks = await designer.checks();
        assert.deepEqual({ ...checks, clock: undefined }, { ...PASSED, clock: undefined });
        assert.deepEqual(designer.forwarded, ONE_TEST);
      },
      { target, prepare: (page) => page.clock.install() },
    ),
  );
});

function relay(url, method, headers, body) {
  return new Promise((resolve, reject) => request(url, { method, headers }, resolve).once('error', reject).end(body));
}
