// The page around the form: small screens, assistive technology, and who may reach its server.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import { test } from "node:test";
import { SECRET, studio, url, withBrowser } from "./support.js";

withBrowser();

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

test("it works at 390 pixels", () =>
  studio(
    async (at) => {
      await at.choose("greet");
      await at.text("Payload").fill('{"name": "Ada"}');
      await at.box("Log Type").selectOption("Tail");
      await at.run();
      await at.says("Succeeded");
      const { width, seen } = await at.page.evaluate(() => {
        const { top, bottom } = document.getElementById("status").getBoundingClientRect();
        return { width: document.documentElement.scrollWidth, seen: top >= 0 && bottom <= innerHeight };
      });
      assert.equal(width, 390);
      assert.ok(seen, "the status came into view");
    },
    { viewport: { width: 390, height: 844 } },
  ));

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds no fault with roles, names and contrast: ${colorScheme}`, () =>
    studio(
      async (at) => {
        await at.open("Connection");
        for (const summary of await at.page.locator("form summary").all()) await summary.click();
        await at.choose("greet");
        await at.text("Client Context").fill("{");
        await at.text("Payload").fill('{"name": "Ada"}');
        assert.deepEqual(await faults(at.page), []);
        await at.text("Client Context").fill("");
        await at.run();
        await at.says("Succeeded");
        await at.box("Your Functions").fill("e");
        await at.option("greet").waitFor();
        assert.deepEqual(await faults(at.page), []);
      },
      { colorScheme, reducedMotion: "reduce" },
    ));
}

async function faults(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
}

test("no secret in any response, neither the kept one nor a typed one", () =>
  studio(async (at) => {
    const typed = "typed/secret+0123456789abcdefghijklmnop";
    const bodies = [];
    at.page.on("response", (response) => bodies.push(response.text()));
    await at.page.reload();
    await at.choose("greet");
    await at.run();
    await at.says("Function failed");
    await at.open("Connection");
    const secret = at.page.getByLabel("Secret Access Key");
    assert.equal(await secret.inputValue(), "");
    await secret.fill(typed);
    await at.run();
    await at.says("Unauthenticated");
    const texts = await Promise.all(bodies);
    assert.ok(texts.some((text) => text.includes('"kept"')) && texts.length > 8, `${texts.length} responses`);
    for (const text of texts) assert.ok(!text.includes(SECRET) && !text.includes(typed), text);
    const page = await at.page.content();
    assert.ok(!page.includes(SECRET));
  }));

test("a click on Run counts that leaves an edited field", () =>
  studio(async (at) => {
    await at.choose("greet");
    await at.open("Connection");
    await at.page.getByLabel("Secret Access Key").fill("typed/secret+0123456789abcdefghijklmnop");
    const run = at.page.getByRole("button", { name: "Run", exact: true });
    await run.scrollIntoViewIfNeeded();
    const { x, y } = await run.boundingBox();
    await at.page.mouse.move(x + 10, y + 3);
    await at.page.mouse.down();
    await at.page.evaluate(() => new Promise((painted) => requestAnimationFrame(() => setTimeout(painted))));
    await at.page.mouse.up();
    await at.says("Unauthenticated");
  }));

test("foreign hosts and origins are refused", async () => {
  const { port } = new URL(url);
  const statusOf = (method, path, headers) =>
    new Promise((resolve, reject) => {
      const request = http.request({ host: "127.0.0.1", port, method, path, headers }, (response) => {
        response.resume();
        assert.equal(response.headers["access-control-allow-origin"], undefined);
        response.on("end", () => resolve(response.statusCode));
      });
      request.on("error", reject);
      request.end(method === "POST" ? "{}" : undefined);
    });
  const json = { "content-type": "application/json" };
  assert.equal(await statusOf("GET", "/", {}), 200);
  assert.equal(await statusOf("GET", "/", { host: `rebound.example:${port}` }), 421);
  assert.equal(await statusOf("GET", "/api/defaults", { host: "127.0.0.1" }), 421);
  assert.equal(await statusOf("POST", "/api/run", { ...json, origin: "http://elsewhere.example" }), 403);
  assert.equal(await statusOf("POST", "/api/run", { ...json, origin: "null" }), 403);
  assert.equal(await statusOf("POST", "/api/run", { "content-type": "text/plain" }), 415);
  assert.equal(await statusOf("OPTIONS", "/api/run", { origin: "http://elsewhere.example" }), 403);
});

test("another page in the same browser gets nothing", () =>
  studio(async (at) => {
    const { port } = new URL(url);
    const other = await at.page.context().newPage();
    // Served from no server: an opaque origin, as that of a sandboxed frame.
    await other.goto("data:text/html,<title>other</title>");
    const got = await other.evaluate(async (address) => {
      const attempts = [
        fetch(`${address}/api/defaults`),
        fetch(`${address}/api/run`, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" }),
      ];
      return (await Promise.allSettled(attempts)).map(({ status }) => status);
    }, `http://localhost:${port}`);
    assert.deepEqual(got, ["rejected", "rejected"]);
  }));
