// Durable executions: an approval from its start to its result, and the timeline.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SECRET, studio, withBrowser } from "./support.js";

withBrowser();

/** Starts an execution of a durable function as an event. */
async function start(ui, name, payload) {
  await ui.choose(name);
  await ui.box("Qualifier").fill("live");
  await ui.text("Payload").fill(payload);
  await ui.box("Invocation Type").selectOption("Event");
  await ui.run();
  await ui.waitForStatus("Succeeded");
  return ui.output("Durable Execution ARN").textContent();
}

async function card(ui, title) {
  await ui.page.getByRole("radio", { name: title }).check();
}

/** Refreshes the timeline until its state matches. */
async function timeline(ui, state) {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    await ui.history.locator("#history-status").filter({ hasNotText: "Reading" }).waitFor();
    if (state.test(await ui.history.locator("#history-status").textContent())) break;
    await ui.history.getByRole("button", { name: "Refresh" }).click();
  }
  assert.match(await ui.history.locator("#history-status").textContent(), state);
  return ui.history.getByRole("listitem").locator(".event").allTextContents();
}

test("approval is started, seen waiting, approved, and its result is read", () =>
  studio(async (ui) => {
    const arn = await start(ui, "approval", "{}");
    assert.match(arn, /:function:approval:1\/durable-execution\//);
    assert.equal(await ui.output("Status Code").textContent(), "202");
    const waiting = await timeline(ui, /^The execution has not ended\. It waits for a callback\.$/);
    assert.deepEqual(waiting.slice(0, 3), ["Execution started", "Step started", "Step succeeded"]);
    assert.ok(waiting.includes("Callback started"), waiting.join());
    const callback = ui.history.getByRole("listitem").filter({ hasText: "Callback started" });
    assert.equal(await callback.locator(".name").textContent(), "approval");

    await callback.getByRole("button", { name: "Answer" }).click();
    assert.equal(await ui.page.getByRole("radio", { name: "Complete Callback" }).isChecked(), true);
    assert.equal(await ui.box("Execution ARN").inputValue(), arn);
    assert.notEqual(await ui.box("Callback ID").inputValue(), "");
    // Without a decision, nothing is sent.
    await ui.run();
    await ui.waitForStatus("Decision");
    assert.equal(await ui.text("Result").isVisible(), false);
    await ui.box("Decision").selectOption("Succeed");
    await ui.text("Result").fill('{"by": "Ada"}');
    await ui.run();
    await ui.waitForStatus("Succeeded");
    assert.match(await ui.received.textContent(), /function:approval and use its durable executions only/);
    const ended = await timeline(ui, /^The execution succeeded\.$/);
    assert.ok(ended.includes("Callback succeeded") && ended.includes("Execution succeeded"), ended.join());
    assert.equal(await ui.history.getByRole("button", { name: "Answer" }).count(), 0);

    await card(ui, "Get Execution");
    assert.equal(await ui.history.isVisible(), false);
    await ui.box("Execution ARN").fill(arn);
    await ui.text("Wait (Seconds)").fill("20");
    await ui.run();
    await ui.waitForStatus("Succeeded");
    assert.equal(await ui.output("Execution Status").textContent(), "SUCCEEDED");
    assert.equal(await ui.output("Output").textContent(), '{"approval":{"by": "Ada"}}');
    assert.equal((await ui.result.textContent()).includes(SECRET), false);
  }));

test("rejection with a reason fails the execution", () =>
  studio(async (ui) => {
    const arn = await start(ui, "approval", "{}");
    await timeline(ui, /waits for a callback/);
    await ui.history.getByRole("button", { name: "Answer" }).click();
    await ui.box("Decision").selectOption("Fail");
    await ui.text("Error Type").fill("Rejected");
    await ui.text("Error Message").fill("no budget");
    await ui.run();
    await ui.waitForStatus("Succeeded");
    const ended = await timeline(ui, /^The execution failed\.$/);
    assert.ok(ended.includes("Callback failed"), ended.join());

    await card(ui, "Get Execution");
    await ui.box("Execution ARN").fill(arn);
    await ui.run();
    await ui.waitForStatus("Succeeded");
    assert.equal(await ui.output("Execution Status").textContent(), "FAILED");
    assert.equal(await ui.output("Error Message").textContent(), "no budget");
  }));

test("waiting execution is chosen by its function and status, and stopped", () =>
  studio(async (ui) => {
    const arn = await start(ui, "approval", "{}");
    await timeline(ui, /waits for a callback/);
    await card(ui, "Stop Execution");
    await ui.box("Function Name").fill("approval");
    const name = arn.split("/")[2];
    await ui.box("Execution ARN").fill(name);
    await ui.option(new RegExp(name)).click();
    assert.equal(await ui.box("Execution ARN").inputValue(), arn);
    await ui.text("Error Message").fill("not needed any more");
    await ui.run();
    await ui.waitForStatus("Succeeded");
    assert.equal(await ui.output("Execution Status").textContent(), "STOPPED");
    await timeline(ui, /^The execution was stopped\.$/);

    await card(ui, "List Executions");
    await ui.box("Function Name").fill("approval");
    await ui.box("Status").selectOption("STOPPED");
    await ui.text("Execution Name").fill(name);
    await ui.run();
    await ui.waitForStatus("Succeeded");
    const rows = JSON.parse(await ui.output("Executions").locator("pre").textContent());
    assert.deepEqual(rows.map((row) => [row.durableExecutionArn, row.executionStatus]), [[arn, "STOPPED"]]);
  }));

test("event that waits shows the result of its execution, or its failure", () =>
  studio(async (ui) => {
    await ui.choose("workflow");
    await ui.box("Qualifier").fill("live");
    await ui.box("Invocation Type").selectOption("Event");
    await ui.open("Advanced");
    await ui.text("Wait For Result (Seconds)").fill("20");
    await ui.text("Payload").fill('{"steps": [{"step": {"name": "price", "result": 1.50}}, {"wait": {"ms": 5}}]}');
    await ui.run();
    await ui.waitForStatus("Succeeded");
    assert.match(await ui.received.textContent(), /invoke workflow/);
    assert.equal(await ui.output("Execution Status").textContent(), "SUCCEEDED");
    assert.equal(await ui.output("Output").textContent(), '{"results":[1.50,null]}');
    const events = await timeline(ui, /^The execution succeeded\.$/);
    assert.ok(events.includes("Wait succeeded"), events.join());

    await ui.text("Payload").fill('{"steps": [{"fail": {"type": "OutOfStock", "message": "none left"}}]}');
    await ui.run();
    await ui.waitForStatus("Function failed");
    assert.equal(await ui.output("Error type").textContent(), "OutOfStock");
    await timeline(ui, /^The execution failed\.$/);
  }));
