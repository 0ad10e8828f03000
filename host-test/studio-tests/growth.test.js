// A streamed response grows on the page while the function runs, and only its end is a result.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { read } from "../src/studio/page/growth.js";
import { faults, studio, url, withBrowser } from "./support.js";

withBrowser();

/** The most bytes that the page shows before the end. */
const SHOWN = 262_144;

const base64 = (...bytes) => ({ base64: Buffer.from(bytes).toString("base64") });

/** A key of a gate that no other test uses. */
const gate = (name) => `${name}-${randomUUID()}`;

/** Runs the function `stream` without the page. Returns its outputs. */
async function invoke(chunks) {
  const { values, kept } = (await (await fetch(`${url}api/defaults`)).json()).ok;
  const response = await fetch(`${url}api/run`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      connection: { ...values, ...kept },
      card: "invoke",
      values: { yourFunctions: "stream", payload: { chunks } },
    }),
  });
  const { ok, error } = await response.json();
  assert.ok(ok, JSON.stringify(error));
  return ok;
}

/** Lets the runs continue that wait at a gate. */
const release = (key) => invoke([{ open: key }]);

class Run {
  constructor(ui) {
    this.ui = ui;
    this.region = ui.page.getByRole("region", { name: "Received", exact: true });
    this.text = this.region.locator("pre");
  }

  /** Fills in the form, and starts the run. Returns once the response has begun. */
  static async start(ui, payload, more = async () => {}) {
    await ui.choose("stream");
    await ui.text("Payload").fill(JSON.stringify(payload));
    await ui.open("Advanced");
    await ui.box("Response Mode").selectOption("Streamed");
    await more();
    await ui.page.evaluate(() => {
      const status = document.getElementById("status");
      globalThis.statuses = [];
      new MutationObserver(() => globalThis.statuses.push(status.textContent)).observe(status, { childList: true });
    });
    await ui.run();
    await ui.waitForStatus("Streaming…");
    return new Run(ui);
  }

  /** Waits until the page has this many bytes, and returns the text that it shows of them. */
  async grown(count) {
    await this.region.locator("p").getByText(count, { exact: true }).waitFor();
    return (await this.text.isVisible()) ? this.text.textContent() : null;
  }

  /** Everything that the status has shown, without the durations. */
  async statuses() {
    const seen = await this.ui.page.evaluate(() => globalThis.statuses);
    return seen.map((text) => text.replace(/[\d,]+ ms/, "N ms"));
  }
}

test("response grows while the function runs, and its end is a success", () =>
  studio(async (ui) => {
    const [first, second, third] = ["first", "second", "third"].map(gate);
    const chunks = [
      { text: "Gr" },
      { gate: first },
      base64(0xc3),
      { gate: second },
      base64(0xbc, 0xc3, 0x9f),
      { text: "e\n<b>" },
      { gate: third },
    ];
    const run = await Run.start(ui, { chunks });
    assert.equal(await run.grown("2 bytes received."), "Gr");
    assert.equal(await ui.status.getAttribute("class"), "busy");
    assert.equal(await ui.result.getAttribute("aria-busy"), "true");
    assert.equal(await ui.result.getByRole("row").count(), 0);

    await release(first);
    assert.equal(await run.grown("3 bytes received."), "Gr", "half a character is not shown");
    await release(second);
    assert.equal(await run.grown("11 bytes received."), "Grüße\n<b>");
    assert.deepEqual(await run.statuses(), ["Running…", "Streaming…"]);

    await release(third);
    await ui.waitForStatus("Succeeded");
    assert.equal(await ui.output("Output").textContent(), "Grüße\n<b>");
    assert.equal(await ui.output("Status Code").textContent(), "200");
    assert.match(await ui.received.textContent(), /may invoke stream only/);
    assert.equal(await run.region.count(), 0);
    assert.deepEqual(await run.statuses(), ["Running…", "Streaming…", "Succeeded in N ms"]);
  }));

test("function that fails after its output is shown as failed, with what it sent", () =>
  studio(async (ui) => {
    const end = gate("end");
    const payload = {
      chunks: [{ text: "half an order" }, { gate: end }],
      fail: { type: "KeyError", message: "no such order" },
    };
    const run = await Run.start(ui, payload);
    assert.equal(await run.grown("13 bytes received."), "half an order");
    await release(end);
    await ui.waitForStatus("Function failed");
    assert.equal(await ui.output("Error type").textContent(), "KeyError");
    assert.equal(await ui.output("Error message").textContent(), "no such order");
    assert.equal(await run.grown("13 bytes received."), "half an order");
    assert.deepEqual(await run.statuses(), ["Running…", "Streaming…", "Failed after N ms: Function failed"]);
  }));

test("response over the largest one is an error, with what arrived", () =>
  studio(async (ui) => {
    const more = gate("more");
    const payload = { chunks: [{ text: "within" }, { gate: more }, { bytes: 100 }] };
    const run = await Run.start(ui, payload, () => ui.text("Largest Response (Bytes)").fill("10"));
    assert.equal(await run.grown("6 bytes received."), "within");
    await release(more);
    await ui.waitForStatus("Transport");
    assert.equal(await ui.output("Executed").textContent(), "yes");
    assert.match(await ui.output("Message").textContent(), /10 bytes/);
    assert.match(await run.text.textContent(), /^within/);
    assert.deepEqual(await run.statuses(), ["Running…", "Streaming…", "Failed after N ms: Transport"]);
  }));

for (const [how, leave] of [
  ["stopped", (ui) => ui.page.getByRole("button", { name: "Stop waiting" }).click()],
  ["closed with its page", (ui) => ui.page.close()],
]) {
  test(`run that is ${how} ends its request`, () =>
    studio(async (ui) => {
      const [never, gone] = ["never", "gone"].map(gate);
      // The function passes a closed gate only if its reader is gone.
      const run = await Run.start(ui, { chunks: [{ text: "first" }, { gate: never }, { open: gone }] });
      assert.equal(await run.grown("5 bytes received."), "first");
      await leave(ui);
      assert.equal((await invoke([{ gate: gone }, { text: "gone" }])).output, "gone");
      if (ui.page.isClosed()) return;
      await ui.waitForStatus("Stopped waiting. The call may still be running.");
      assert.equal(await run.grown("5 bytes received."), "first");
      await ui.page.getByRole("button", { name: "Run", exact: true, disabled: false }).waitFor();
    }));
}

test("bytes that are not text are counted", () =>
  studio(async (ui) => {
    const [more, end] = ["more", "end"].map(gate);
    const run = await Run.start(ui, { chunks: [{ text: "PNG" }, { gate: more }, base64(0xff, 0xd8), { gate: end }] });
    assert.equal(await run.grown("3 bytes received."), "PNG");
    await release(more);
    assert.equal(await run.grown("5 bytes received. The response is not text, so it is not shown."), null);
    await release(end);
    await ui.waitForStatus("Succeeded");
    assert.equal(await ui.output("Output").textContent(), "UE5H/9g=");
    assert.equal(await ui.output("Output Is Base64").textContent(), "true");
  }));

test("long response shows its beginning, and its outputs have all of it", () =>
  studio(async (ui) => {
    const end = gate("end");
    const run = await Run.start(ui, { chunks: [{ bytes: 3_000_000 }, { gate: end }] });
    const shown = await run.grown("3,000,000 bytes received. Only the first 262,144 bytes are shown here.");
    assert.equal(shown.length, SHOWN);
    assert.match(shown, /^abcdefghijklmnopqrstuvwxyzabc/);
    await release(end);
    await ui.waitForStatus("Succeeded");
    const output = ui.output("Output").locator("pre");
    assert.equal(await output.textContent(), shown);
    const rest = ui.output("Output").getByText("Only the first 262,144 of 3,000,000 characters are shown.");
    assert.equal(await rest.isVisible(), true);
    await ui.output("Output").getByRole("button", { name: "Show all" }).click();
    assert.equal((await output.textContent()).length, 3_000_000);
    assert.equal(await rest.isVisible(), false);
  }));

test("axe reports no violation while a response grows", () =>
  studio(async (ui) => {
    const end = gate("end");
    const run = await Run.start(ui, { chunks: [{ text: "line\n" }, { gate: end }], repeat: 50 });
    await run.grown("5 bytes received.");
    assert.deepEqual(await faults(ui.page), []);
    await release(end);
    await run.ui.waitForStatus("Succeeded");
  }));

test("steps and reply are read at any borders between pieces", async () => {
  const text = '{"received":0}\n{"received":1}\n\n{"ok":{\n\n"ü": 1e400}}\n';
  const bytes = new TextEncoder().encode(text);
  for (const length of [1, 2, 5, bytes.length]) {
    const body = new ReadableStream({
      start(controller) {
        for (let at = 0; at < bytes.length; at += length) controller.enqueue(bytes.slice(at, at + length));
        controller.close();
      },
    });
    const steps = [];
    assert.equal(await read(body, (step) => steps.push(step)), '{"ok":{\n\n"ü": 1e400}}\n', `${length}`);
    assert.deepEqual(steps, [{ received: 0 }, { received: 1 }]);
  }
  const cut = new Blob(['{"received":0}\n{"ok"']).stream();
  assert.equal(await read(cut, () => {}), "");
});
