// Runs of cards: results, errors, and JSON that passes unchanged as text.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SECRET, studio, withBrowser } from "./support.js";

withBrowser();

test("successful run shows its outputs", () =>
  studio(async (ui) => {
    await ui.choose("greet");
    await ui.text("Payload").fill('{"name": "Ada"}');
    await ui.box("Log Type").selectOption("Tail");
    // The keyboard is enough to start a run.
    await ui.page.keyboard.press("Control+Enter");
    await ui.waitForStatus("Succeeded");
    assert.equal(await ui.output("Status Code").textContent(), "200");
    assert.equal(await ui.output("Output").textContent(), '{"message":"Hello, Ada!"}');
    assert.match(await ui.output("Log Result").locator("pre").textContent(), /^START RequestId: /);
    const json = ui.output("Output JSON");
    assert.equal(await json.locator("pre").textContent(), '{\n  "message": "Hello, Ada!"\n}');
    await json.getByRole("button", { name: "Raw" }).click();
    assert.equal(await json.locator("pre").textContent(), '{"message":"Hello, Ada!"}');
    assert.match(await ui.result.textContent(), /Without a value: .*Error Type/);
  }));

test("run shows which key the sandbox received", () =>
  studio(async (ui) => {
    const today = new Date().toISOString().slice(0, 10);
    const key = (allows) => new RegExp(`^The sandbox received: a signing key for ${today}, us-east-1, which ${allows}, until \\d\\d:\\d\\d UTC$`);
    assert.equal(await ui.received.isVisible(), false);
    await ui.choose("greet");
    await ui.text("Payload").fill('{"name": "Ada"}');
    await ui.run();
    await ui.waitForStatus("Succeeded");
    assert.match(await ui.received.textContent(), key("may invoke greet only"));

    await ui.choose("fail");
    await ui.run();
    await ui.waitForStatus("Function failed");
    assert.match(await ui.received.textContent(), key("may invoke fail only"));

    await ui.page.getByRole("radio", { name: "List Functions" }).check();
    assert.equal(await ui.received.isVisible(), false);
    await ui.run();
    await ui.waitForStatus("Succeeded");
    assert.match(await ui.received.textContent(), key("may list functions only"));
    assert.equal((await ui.result.textContent()).includes(SECRET), false);
  }));

test("failed run shows the function's error", () =>
  studio(async (ui) => {
    await ui.choose("fail");
    await ui.text("Payload").fill('{"type": "KeyError", "message": "no such key"}');
    await ui.run();
    await ui.waitForStatus("Function failed");
    assert.equal(await ui.output("Error type").textContent(), "KeyError");
    assert.equal(await ui.output("Error message").textContent(), "no such key");
    assert.equal(await ui.output("Status code").textContent(), "200");

    await ui.open("Advanced");
    await ui.box("On Function Error").selectOption("Continue");
    await ui.run();
    await ui.waitForStatus("Succeeded");
    assert.equal(await ui.output("Error Type").textContent(), "KeyError");
    assert.equal(await ui.output("Error Message").textContent(), "no such key");
    assert.equal(await ui.output("Function Error").textContent(), "Unhandled");
  }));

test("an invocation that is refused continues with the status code", () =>
  studio(async (ui) => {
    await ui.box("Use Function Name?").selectOption("Yes");
    await ui.text("Function Name").fill("no-such-function");
    await ui.open("Advanced");
    await ui.box("On Error").selectOption("Continue");
    await ui.run();
    await ui.waitForStatus("Succeeded");
    assert.equal(await ui.output("Status Code").textContent(), "404");
    assert.equal(await ui.output("Error Type").textContent(), "ResourceNotFoundException");
    assert.equal(await ui.output("Executed").textContent(), "no");
    assert.equal(await ui.output("Retryable").textContent(), "false");
    assert.equal(await ui.output("Function Name").textContent(), "no-such-function");
    assert.equal(await ui.output("Output").count(), 0);
  }));

test("a test of the connection reports each check and runs nothing", () =>
  studio(async (ui) => {
    const button = ui.page.getByRole("button", { name: "Test connection" });
    await button.click();
    await ui.waitForStatus("checks passed");
    assert.match(await ui.output("Endpoint").textContent(), /^passed: 127\.0\.0\.1:\d+ responds$/);
    assert.match(await ui.output("Invoke function").textContent(), /^skipped: /);
    await ui.choose("greet");
    await button.click();
    await ui.waitForStatus("checks passed");
    assert.match(await ui.output("Invoke function").textContent(), /^passed: allowed/);
    await ui.box("Use Function Name?").selectOption("Yes");
    await ui.text("Function Name").fill("no-such-function");
    await button.click();
    await ui.waitForStatus("checks failed");
    assert.match(await ui.output("Invoke function").textContent(), /^failed: ResourceNotFoundException: /);
    // An error of a field is shown at the field, as after a run.
    await ui.text("Function Name").fill("..");
    await button.click();
    await ui.waitForStatus("Invalid input: Function Name");
  }));

test("numbers and the order of keys pass unchanged", () =>
  studio(async (ui) => {
    const payload = '{"z": 12345678901234567890123, "a": [1.0, 1e400, -0],  "z2": {}, "s": "\\u00e9 {\\"x\\": [1]}"}';
    await ui.choose("echo");
    await ui.text("Payload").fill(payload);
    await ui.run();
    await ui.waitForStatus("Succeeded");
    assert.equal(await ui.output("Output").textContent(), payload);
    const json = ui.output("Output JSON");
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
    // The editor's own indentation does not change numbers either.
    await ui.page.getByRole("button", { name: "Indent Payload" }).click();
    assert.match(await ui.text("Payload").inputValue(), /\n {2}"z": 12345678901234567890123,\n {2}"a": \[\n {4}1\.0,/);
  }));

test("rejected value is reported at its field", () =>
  studio(async (ui) => {
    await ui.choose("greet");
    await ui.open("Advanced");
    const attempts = ui.text("Maximum Attempts");
    await attempts.fill("11");
    await ui.open("Advanced");
    await ui.run();
    await ui.waitForStatus("Invalid input: Maximum Attempts");
    assert.match(await ui.errorAt(attempts), /1 to 10|1 and 10/);
    assert.equal(await attempts.getAttribute("aria-invalid"), "true");
    assert.equal(await attempts.evaluate((node) => node === document.activeElement), true);
    await attempts.fill("three");
    await ui.run();
    await ui.waitForStatus("Invalid input: Maximum Attempts");
    assert.match(await ui.errorAt(attempts), /whole number/);
    await attempts.fill("1");
    await ui.text("Payload").fill('{"name": "Ada"}');
    await ui.run();
    await ui.waitForStatus("Succeeded");
  }));

test("functions are listed by the second card", () =>
  studio(async (ui) => {
    await ui.page.getByRole("radio", { name: "List Functions" }).check();
    await ui.text("Name Contains").fill("GREET");
    await ui.page.getByRole("checkbox", { name: "All Versions" }).check();
    await ui.run();
    await ui.waitForStatus("Succeeded");
    const rows = JSON.parse(await ui.output("Functions").locator("pre").textContent());
    assert.deepEqual(rows.map((row) => row.name), ["greet"]);
  }));

test("unreachable endpoint is reported as a transport error", () =>
  studio(async (ui) => {
    await ui.open("Connection");
    await ui.page.locator("#connection-form summary").click();
    await ui.text("Endpoint").fill("http://127.0.0.1:1");
    await ui.box("Use Function Name?").selectOption("Yes");
    await ui.text("Function Name").fill("greet");
    await ui.run();
    await ui.waitForStatus("Transport");
    assert.equal(await ui.output("Kind").textContent(), "connect");
    assert.equal(await ui.output("Executed").textContent(), "no");
  }));

test("form is usable again when the user stops waiting", () =>
  studio(async (ui) => {
    await ui.choose("slow");
    await ui.text("Payload").fill('{"ms": 600000}');
    await ui.run();
    await ui.page.getByRole("button", { name: "Stop waiting" }).click();
    await ui.waitForStatus("Stopped waiting");
    await ui.page.getByRole("button", { name: "Run", exact: true, disabled: false }).waitFor();
  }));

test("every parameter reaches the function", () =>
  studio(async (ui) => {
    await ui.box("Use Function Name?").selectOption("Yes");
    await ui.text("Function Name").fill("durable");
    await ui.text("Client Context").fill('{"custom": {"n": 12345678901234567890}}');
    await ui.box("Qualifier").fill("live");
    await ui.open("Advanced");
    await ui.text("Durable Execution Name").fill("order-7");
    await ui.text("Trace ID").fill("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1");
    await ui.text("Request ID").fill("7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f2c11");
    await ui.text("Response Timeout (Seconds)").fill("60");
    await ui.page.getByRole("checkbox", { name: "Idempotent" }).check();
    await ui.run();
    await ui.waitForStatus("Succeeded");
    const seen = await ui.output("Output").textContent();
    for (const part of [
      '"custom": {"n": 12345678901234567890}',
      '"qualifier":"live"',
      '"version":"1"',
      '"durableExecutionName":"order-7"',
      "Root=1-5759e988-bd862e3fe1be46a994272793",
      '"awsRequestId":"7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f2c11"',
    ]) {
      assert.ok(seen.includes(part), `${part} in ${seen}`);
    }
  }));

test("invocation type decides the outputs", () =>
  studio(async (ui) => {
    await ui.choose("greet");
    await ui.text("Payload").fill('{"name": "Ada"}');
    for (const [type, status] of [["DryRun", "204"], ["Event", "202"], ["RequestResponse", "200"]]) {
      await ui.box("Invocation Type").selectOption(type);
      await ui.run();
      await ui.output("Status Code").filter({ hasText: status }).waitFor();
      assert.equal(await ui.output("Output").count(), status === "200" ? 1 : 0, type);
    }
  }));
