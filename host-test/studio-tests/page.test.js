// The page around the form: small screens, assistive technology, and who may reach its server.

import assert from "node:assert/strict";
import http from "node:http";
import { test } from "node:test";
import { faults, SECRET, studio, url, withBrowser } from "./support.js";

withBrowser();

test("page works at a width of 390 pixels", () =>
  studio(
    async (ui) => {
      await ui.choose("greet");
      await ui.text("Payload").fill('{"name": "Ada"}');
      await ui.box("Log Type").selectOption("Tail");
      await ui.run();
      await ui.waitForStatus("Succeeded");
      const { width, seen } = await ui.page.evaluate(() => {
        const { top, bottom } = document.getElementById("status").getBoundingClientRect();
        return { width: document.documentElement.scrollWidth, seen: top >= 0 && bottom <= innerHeight };
      });
      assert.equal(width, 390);
      assert.ok(seen, "the status is in view");
    },
    { viewport: { width: 390, height: 844 } },
  ));

for (const colorScheme of ["light", "dark"]) {
  test(`axe reports no violation in ${colorScheme} colours`, () =>
    studio(
      async (ui) => {
        await ui.open("Connection");
        for (const summary of await ui.page.locator("form summary").all()) await summary.click();
        await ui.choose("greet");
        await ui.text("Client Context").fill("{");
        await ui.text("Payload").fill('{"name": "Ada"}');
        assert.deepEqual(await faults(ui.page), []);
        await ui.text("Client Context").fill("");
        await ui.run();
        await ui.waitForStatus("Succeeded");
        await ui.box("Your Functions").fill("e");
        await ui.option("greet").waitFor();
        assert.deepEqual(await faults(ui.page), []);
      },
      { colorScheme, reducedMotion: "reduce" },
    ));
}

test("no response contains the kept secret or a typed one", () =>
  studio(async (ui) => {
    const typed = "typed/secret+0123456789abcdefghijklmnop";
    const bodies = [];
    ui.page.on("response", (response) => bodies.push(response.text()));
    await ui.page.reload();
    await ui.choose("greet");
    await ui.run();
    await ui.waitForStatus("Function failed");
    await ui.open("Connection");
    const secret = ui.page.getByLabel("Secret Access Key");
    assert.equal(await secret.inputValue(), "");
    await secret.fill(typed);
    await ui.run();
    await ui.waitForStatus("Unauthenticated");
    const texts = await Promise.all(bodies);
    assert.ok(texts.some((text) => text.includes('"kept"')) && texts.length > 8, `${texts.length} responses`);
    for (const text of texts) assert.ok(!text.includes(SECRET) && !text.includes(typed), text);
    const page = await ui.page.content();
    assert.ok(!page.includes(SECRET));
  }));

test("click on Run counts when it leaves an edited field", () =>
  studio(async (ui) => {
    await ui.choose("greet");
    await ui.open("Connection");
    await ui.page.getByLabel("Secret Access Key").fill("typed/secret+0123456789abcdefghijklmnop");
    const run = ui.page.getByRole("button", { name: "Run", exact: true });
    await run.scrollIntoViewIfNeeded();
    const { x, y } = await run.boundingBox();
    await ui.page.mouse.move(x + 10, y + 3);
    await ui.page.mouse.down();
    await ui.page.evaluate(() => new Promise((painted) => requestAnimationFrame(() => setTimeout(painted))));
    await ui.page.mouse.up();
    await ui.waitForStatus("Unauthenticated");
  }));

test("other hosts and origins are rejected", async () => {
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

test("another page in the same browser cannot use the API", () =>
  studio(async (ui) => {
    const { port } = new URL(url);
    const other = await ui.page.context().newPage();
    // A data URL has an opaque origin, as a sandboxed frame has.
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
