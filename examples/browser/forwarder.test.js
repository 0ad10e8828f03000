// What the page and the forwarder can reach, and what they do with what comes back.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { FIELDS, open, withBrowser, withServer } from './support.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const LAMBDA_PATH = 'forward/lambda.us-east-1.amazonaws.com/2015-03-31/functions';

withBrowser();

/** Hands a target to `test` that answers every request as `answer` does, and records it. */
function withTarget(answer, test) {
  const received = [];
  const record = (incoming, response) => {
    received.push({ url: incoming.url, headers: incoming.headers });
    answer(response);
  };
  return withServer(record, (target) => test(target, received));
}

/** Sends a request without a browser, and returns its status. */
function status(url, headers, path) {
  const options = { headers, ...(path !== undefined && { path }) };
  return new Promise((resolve, reject) => {
    const sent = request(url, options, (response) => resolve(response.resume().statusCode));
    sent.once('error', reject).end();
  });
}

test('script of the page cannot reach another origin', () =>
  withTarget(
    (response) => response.writeHead(200, { 'access-control-allow-origin': '*' }).end(),
    (elsewhere, received) =>
      open(async ({ page, messages }) => {
        const reached = await page.evaluate(async (url) => {
          const image = new Promise((resolve) => {
            const element = new Image();
            element.onload = () => resolve('loaded');
            element.onerror = () => resolve('blocked');
            element.src = `${url}/image`;
          });
          return [await fetch(url).then(() => 'sent', () => 'blocked'), await image];
        }, elsewhere);
        assert.deepEqual(reached, ['blocked', 'blocked']);
        assert.deepEqual(received, []);
        assert.equal(messages.filter((message) => message.includes('Content Security Policy')).length > 0, true);
      }),
  ));

test('destination outside the allowed hosts is denied and not requested', () =>
  open(async (designer) => {
    const checks = await designer.test({ ...FIELDS, Region: 'cn-north-1' });
    assert.equal(checks.endpoint[0], 'failed');
    assert.match(checks.endpoint[1], /^lambda\.cn-north-1\.amazonaws\.com\.cn: .*policy/);
    assert.deepEqual(designer.forwarded, []);
  }));

test('forwarder reaches its target only, for the hosts of Lambda and STS', () =>
  withTarget(
    (response) => response.end(),
    (target, received) =>
      open(
        async ({ url }) => {
          const sameOrigin = { 'sec-fetch-site': 'same-origin' };
          for (const path of [
            '/forward/example.com/',
            '/forward/lambda.us-east-1.amazonaws.com.example.com/',
            '/forward/user@lambda.us-east-1.amazonaws.com/',
            '/forward/lambda.us-east-1.amazonaws.com:8443/',
            '/forward/s3.us-east-1.amazonaws.com/',
            '/forward/lambda.us-east-1.amazonaws.com',
            '/forward//lambda.us-east-1.amazonaws.com/',
            '/../serve.js',
            '/generated/page.js',
            'http://lambda.us-east-1.amazonaws.com/',
          ]) {
            assert.equal(await status(url, sameOrigin, path), 404, path);
          }
          assert.deepEqual(received, []);
          assert.equal(await status(`${url}${LAMBDA_PATH}?MaxItems=1`, sameOrigin), 200);
          assert.equal(received[0].url, '/2015-03-31/functions?MaxItems=1');
          assert.equal(received[0].headers.host, 'lambda.us-east-1.amazonaws.com');
        },
        { target },
      ),
  ));

test('forwarder refuses requests that another site sent', () =>
  withTarget(
    (response) => response.end(),
    (target, received) =>
      open(
        async ({ url }) => {
          for (const site of ['cross-site', 'same-site', 'none', undefined]) {
            assert.equal(await status(`${url}${LAMBDA_PATH}`, site && { 'sec-fetch-site': site }), 403, site);
          }
          assert.deepEqual(received, []);
        },
        { target },
      ),
  ));

test('target receives the signed headers of a request, and neither cookies nor the address of the page', () =>
  withTarget(
    (response) => response.writeHead(500).end(),
    (target, received) =>
      open(
        async (designer) => {
          await designer.page.context().addCookies([{ name: 'session', value: 'of-the-designer', url: designer.url }]);
          await designer.test();
          const names = new Set(received.flatMap(({ headers }) => Object.keys(headers)));
          assert.ok(names.has('authorization') && names.has('x-amz-date'));
          const extra = ['cookie', 'origin', 'referer', 'sec-fetch-site', 'accept-language', 'user-agent'];
          assert.deepEqual(extra.filter((name) => names.has(name)), []);
        },
        { target },
      ),
  ));

test('markup that a server sends is shown as text', () => {
  const markup = '<img src=x onerror="document.title = 1"><script>document.title = 2</script>';
  const answer = (response) =>
    response
      .writeHead(403, { 'content-type': 'application/json', 'x-amzn-requestid': 'a', 'x-amzn-errortype': 'AccessDeniedException' })
      .end(JSON.stringify({ Message: markup }));
  return withTarget(answer, (target) =>
    open(
      async (designer) => {
        const checks = await designer.test();
        assert.equal(checks['list-functions'][0], 'failed');
        assert.ok(checks['list-functions'][1].includes(markup));
        assert.equal(await designer.page.locator('img, table script').count(), 0);
        assert.equal(await designer.page.title(), 'Test a connection to AWS Lambda');
      },
      { target },
    ),
  );
});

for (const colorScheme of ['light', 'dark']) {
  test(`axe reports no violation in ${colorScheme} colours`, () =>
    open(
      async (designer) => {
        await designer.test({ ...FIELDS, 'Secret access key': 'wrong' });
        await designer.page.evaluate(AXE);
        const { violations } = await designer.page.evaluate(() => globalThis.axe.run());
        assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ target }) => target.join(' '))]), []);
      },
      { colorScheme },
    ));
}
