// Running: what comes out, what fails, and that JSON passes through as text.

import assert from "node:assert/strict";
import { test } from "node:test";
import { studio, withBrowser } from "./support.js";

withBrowser();

test("a run that succeeds", () =>
  studio(async (at) => {
    await at.choose("greet");
    await at.text("Payload").fill('{"name": "Ada"}');
    await at.box("Log Type").selectOption("Tail");
    // Without the pointer, too.
    await at.page.keyboard.press("Control+Enter");
    await at.says("Succeeded");
    assert.equal(await at.output("Status Code").textContent(), "200");
    assert.equal(await at.output("Output").textContent(), '{"message":"Hello, Ada!"}');
    assert.match(await at.output("Log Result").locator("pre").textContent(), /^START RequestId: /);
    const json = at.output("Output JSON");
    assert.equal(await json.locator("pre").textContent(), '{\n  "message": "Hello, Ada!"\n}');
    await json.getByRole("button", { name: "Raw" }).click();
    assert.equal(await json.locator("pre").textContent(), '{"message":"Hello, Ada!"}');
    assert.match(await at.result.textContent(), /Without a value: .*Error Type/);
  }));

test("a run that fails says what the function said", () =>
  studio(async (at) => {
    await at.choose("fail");
    await at.text("Payload").fill('{"type": "KeyError", "message": "no such key"}');
    await at.run();
    await at.says("Function failed");
    assert.equal(await at.output("Error type").textContent(), "KeyError");
    assert.equal(await at.output("Error message").textContent(), "no such key");
    assert.equal(await at.output("Status code").textContent(), "200");

    await at.open("Advanced");
    await at.box("On Function Error").selectOption("Continue");
    await at.run();
    await at.says("Succeeded");
    assert.equal(await at.output("Error Type").textContent(), "KeyError");
    assert.equal(await at.output("Error Message").textContent(), "no such key");
    assert.equal(await at.output("Function Error").textContent(), "Unhandled");
  }));

test("an invocation that is refused continues with the status code", () =>
  studio(async (at) => {
    await at.box("Use Function Name?").selectOption("Yes");
    await at.text("Function Name").fill("no-such-function");
    await at.open("Advanced");
    await at.box("On Error").selectOption("Continue");
    await at.run();
    await at.says("Succeeded");
    assert.equal(await at.output("Status Code").textContent(), "404");
    assert.equal(await at.output("Error Type").textContent(), "ResourceNotFoundException");
    assert.equal(await at.output("Executed").textContent(), "no");
    assert.equal(await at.output("Retryable").textContent(), "false");
    assert.equal(await at.output("Function Name").textContent(), "no-such-function");
    assert.equal(await at.output("Output").count(), 0);
  }));

test("a test of the connection reports each check and runs nothing", () =>
  studio(async (at) => {
    const button = at.page.getByRole("button", { name: "Test connection" });
    await button.click();
    await at.says("checks passed");
    assert.match(await at.output("Endpoint").textContent(), /^passed: 127\.0\.0\.1:\d+ responds$/);
    assert.match(await at.output("Invoke function").textContent(), /^skipped: /);
    await at.choose("greet");
    await button.click();
    await at.says("checks passed");
    assert.match(await at.output("Invoke function").textContent(), /^passed: allowed/);
    await at.box("Use Function Name?").selectOption("Yes");
    await at.text("Function Name").fill("no-such-function");
    await button.click();
    await at.says("checks failed");
    assert.match(await at.output("Invoke function").textContent(), /^failed: ResourceNotFoundException: /);
    // An error of a field is shown at the field, as after a run.
    await at.text("Function Name").fill("..");
    await button.click();
    await at.says("Invalid input: Function Name");
  }));

test("numbers, their spelling and the order of keys pass through", () =>
  studio(async (at) => {
    const payload = '{"z": 12345678901234567890123, "a": [1.0, 1e400, -0],  "z2": {}, "s": "\\u00e9 {\\"x\\": [1]}"}';
    await at.choose("echo");
    await at.text("Payload").fill(payload);
    await at.run();
    await at.says("Succeeded");
    assert.equal(await at.output("Output").textContent(), payload);
    const json = at.output("Output JSON");
    assert.equal(
      await json.locator("pre").textContent(),
      [
        "{",
        '  "z": 12345678901234567890123,',
        '  "a": [',
        "    1.0,",
        "    1e400,",
        "    -0",
        "  ],",
        '  "z2": {},',
        '  "s": "\\u00e9 {\\"x\\": [1]}"',
        "}",
      ].join("\n"),
    );
    await json.getByRole("button", { name: "Raw" }).click();
    assert.equal(await json.locator("pre").textContent(), payload);
    // The editor's own indentation changes no number either.
    await at.page.getByRole("button", { name: "Indent Payload" }).click();
    assert.match(await at.text("Payload").inputValue(), /\n {2}"z": 12345678901234567890123,\n {2}"a": \[\n {4}1\.0,/);
  }));

test("an error of a field stands at the field", () =>
  studio(async (at) => {
    await at.choose("greet");
    await at.open("Advanced");
    const attempts = at.text("Maximum Attempts");
    await attempts.fill("11");
    await at.open("Advanced");
    await at.run();
    await at.says("Invalid input: Maximum Attempts");
    assert.match(await at.errorAt(attempts), /1 to 10|1 and 10/);
    assert.equal(await attempts.getAttribute("aria-invalid"), "true");
    assert.equal(await attempts.evaluate((node) => node === document.activeElement), true);
    await attempts.fill("three");
    await at.run();
    await at.says("Invalid input: Maximum Attempts");
    assert.match(await at.errorAt(attempts), /whole number/);
    await attempts.fill("1");
    await at.text("Payload").fill('{"name": "Ada"}');
    await at.run();
    await at.says("Succeeded");
  }));

test("the other cards run, too", () =>
  studio(async (at) => {
    await at.page.getByRole("radio", { name: "List Functions" }).check();
    await at.text("Name Contains").fill("GREET");
    await at.page.getByRole("checkbox", { name: "All Versions" }).check();
    await at.run();
    await at.says("Succeeded");
    const rows = JSON.parse(await at.output("Functions").locator("pre").textContent());
    assert.deepEqual(rows.map((row) => row.name), ["greet"]);
  }));

test("a connection that leads nowhere is told in words", () =>
  studio(async (at) => {
    await at.open("Connection");
    await at.page.locator("#connection-form summary").click();
    await at.text("Endpoint").fill("http://127.0.0.1:1");
    await at.box("Use Function Name?").selectOption("Yes");
    await at.text("Function Name").fill("greet");
    await at.run();
    await at.says("Transport");
    assert.equal(await at.output("Kind").textContent(), "connect");
    assert.equal(await at.output("Executed").textContent(), "no");
  }));

test("who stops waiting gets the form back", () =>
  studio(async (at) => {
    await at.choose("slow");
    await at.text("Payload").fill('{"ms": 600000}');
    await at.run();
    await at.page.getByRole("button", { name: "Stop waiting" }).click();
    await at.says("Stopped waiting");
    await at.page.getByRole("button", { name: "Run", exact: true, disabled: false }).waitFor();
  }));

test("every parameter reaches the function", () =>
  studio(async (at) => {
    await at.box("Use Function Name?").selectOption("Yes");
    await at.text("Function Name").fill("durable");
    await at.text("Client Context").fill('{"custom": {"n": 12345678901234567890}}');
    await at.box("Qualifier").fill("live");
    await at.open("Advanced");
    await at.text("Durable Execution Name").fill("order-7");
    await at.text("Trace ID").fill("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1");
    await at.text("Response Timeout (Seconds)").fill("60");
    await at.page.getByRole("checkbox", { name: "Idempotent" }).check();
    await at.run();
    await at.says("Succeeded");
    const seen = await at.output("Output").textContent();
    for (const part of [
      '"custom": {"n": 12345678901234567890}',
      '"qualifier":"live"',
      '"version":"1"',
      '"durableExecutionName":"order-7"',
      "Root=1-5759e988-bd862e3fe1be46a994272793",
    ]) {
      assert.ok(seen.includes(part), `${part} in ${seen}`);
    }
  }));

test("the invocation type decides what comes back", () =>
  studio(async (at) => {
    await at.choose("greet");
    await at.text("Payload").fill('{"name": "Ada"}');
    for (const [type, status] of [["DryRun", "204"], ["Event", "202"], ["RequestResponse", "200"]]) {
      await at.box("Invocation Type").selectOption(type);
      await at.run();
      await at.output("Status Code").filter({ hasText: status }).waitFor();
      assert.equal(await at.output("Output").count(), status === "200" ? 1 : 0, type);
    }
  }));
