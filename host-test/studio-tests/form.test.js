// The form shows what `describe` returns, and follows what the user fills in.

import assert from "node:assert/strict";
import { test } from "node:test";
import { studio, url, withBrowser } from "./support.js";

withBrowser();

const manifest = async () => (await (await fetch(`${url}api/describe`)).json()).ok;

const ROLES = { text: "textbox", number: "textbox", object: "textbox", boolean: "checkbox", dropdown: "combobox" };

test("every field of describe is drawn with its label, help, requirement and group", async () => {
  const { cards, connection, title, version } = await manifest();
  await studio(async (ui) => {
    await ui.page.getByRole("heading", { name: title, level: 1 }).waitFor();
    await ui.page.getByText(version).waitFor();
    await ui.open("Connection");
    await ui.page.locator("#connection-form summary").click();
    await assertInitialFields(ui, connection);
    for (const card of cards) {
      await ui.page.getByRole("radio", { name: card.title, exact: true }).check();
      if (card.inputs.some((field) => field.group === "Advanced")) {
        await ui.page.locator("#card-form summary").click();
      }
      await assertInitialFields(ui, [...card.options, ...card.inputs]);
    }
  });
});

async function assertInitialFields(ui, fields) {
  const defaults = new Map(fields.map((field) => [field.key, field.default && JSON.parse(field.default)]));
  for (const field of fields) {
    const condition = field["visible-when"];
    await assertField(ui, field, !condition || condition.values.includes(defaults.get(condition.key)));
  }
}

async function assertField(ui, field, visible) {
  const name = field.label;
  const role = field.dynamic ? "combobox" : ROLES[field.kind];
  const control = field.secret
    ? ui.page.getByLabel(name).filter({ visible: true })
    : ui.page.getByRole(role, { name, exact: true });
  if (!visible) return assert.equal(await control.count(), 0, `${name} is hidden`);
  await control.waitFor();
  assert.equal(await control.getAttribute("aria-required"), String(field.required), name);
  if (field.secret) assert.equal(await control.getAttribute("type"), "password", name);
  const help = await control.evaluate((node) =>
    node.getAttribute("aria-describedby").split(" ").map((id) => document.getElementById(id).textContent),
  );
  assert.ok(help.includes(field.definition), `${name}: ${help}`);
  if (field.group) {
    assert.equal(await ui.page.getByRole("group", { name: field.group, exact: true }).filter({ has: control }).count(), 1, name);
  }
  if (field.kind === "dropdown" && !field.dynamic) {
    const labels = await control.getByRole("option").allTextContents();
    // Without a default, the first option asks for a choice.
    const asks = field.default === null ? ["Choose…"] : [];
    assert.deepEqual(labels, [...asks, ...field.choices.map((choice) => choice.label)], name);
    assert.equal(await control.inputValue(), JSON.parse(field.default ?? '""'), name);
  }
}

test("dropdown is searched and chosen by keyboard alone", () =>
  studio(async (ui) => {
    const box = ui.box("Your Functions");
    await box.focus();
    await ui.page.keyboard.type("REE");
    await ui.option("greet").waitFor();
    await ui.option("echo").waitFor({ state: "detached" });
    await ui.page.keyboard.press("ArrowDown");
    assert.equal(await ui.option("greet").getAttribute("aria-selected"), "true");
    assert.equal(await box.getAttribute("aria-activedescendant"), await ui.option("greet").getAttribute("id"));
    await ui.page.keyboard.press("Enter");
    await ui.page.getByRole("listbox").waitFor({ state: "hidden" });
    assert.equal(await box.inputValue(), "greet");
    // Text typed afterwards is a search. Without a new choice, the previous one remains.
    await ui.page.keyboard.type("no such function");
    await ui.page.getByRole("listbox").getByText("Nothing matches.").waitFor();
    await ui.page.keyboard.press("Escape");
    assert.equal(await box.inputValue(), "greet");
  }));

test("dropdown loads the next page on demand", () =>
  studio(async (ui) => {
    await ui.box("Your Functions").click();
    const options = ui.page.getByRole("listbox").getByRole("option");
    await ui.option("Load more…").waitFor();
    const first = await options.count();
    await ui.page.keyboard.press("ArrowUp");
    await ui.page.keyboard.press("Enter");
    await options.nth(first).waitFor();
    assert.equal(await ui.option("Load more…").count(), 0);
    const names = await options.evaluateAll((nodes) => nodes.map((node) => node.firstChild.textContent));
    assert.ok(names.length > first, `${names.length} after ${first}`);
    assert.equal(new Set(names).size, names.length);
    // The keyboard continues at the first new entry.
    const active = await ui.box("Your Functions").getAttribute("aria-activedescendant");
    assert.equal(active, await options.nth(first - 1).getAttribute("id"));
  }));

test("next page of a dropdown is dropped when the user searches before it arrives", () =>
  studio(async (ui) => {
    let release;
    const held = new Promise((resolve) => (release = resolve));
    let arrived;
    const asked = new Promise((resolve) => (arrived = resolve));
    await ui.box("Your Functions").click();
    await ui.option("Load more…").waitFor();
    let holding = true;
    await ui.page.route("**/api/choices", async (route) => {
      if (holding) {
        holding = false;
        arrived();
        await held;
      }
      await route.continue();
    });
    await ui.page.keyboard.press("ArrowUp");
    await ui.page.keyboard.press("Enter");
    await asked;
    // The entry that loads has no action, so the key does nothing.
    await ui.page.keyboard.press("Enter");
    await ui.option("Loading…").waitFor();
    await ui.box("Your Functions").fill("greet");
    await ui.option(/^greet\b/).first().waitFor();
    await ui.option("Loading…").waitFor({ state: "detached" });
    const options = ui.page.getByRole("listbox").getByRole("option");
    const names = () => options.evaluateAll((nodes) => nodes.map((node) => node.firstChild.textContent));
    const found = await names();
    const late = ui.page.waitForResponse("**/api/choices");
    release();
    await (await late).finished();
    // A round trip through the page: the late page's handler has run by then.
    await ui.page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
    assert.deepEqual(await names(), found);
    await ui.option(/^greet\b/).first().click();
    assert.equal(await ui.box("Your Functions").inputValue(), "greet");
  }));

test("text field with choices suggests them and accepts any text", () =>
  studio(async (ui) => {
    await ui.choose("versioned");
    await ui.box("Qualifier").fill("be");
    await ui.option("beta (alias)").click();
    assert.equal(await ui.box("Qualifier").inputValue(), "beta");
    await ui.box("Qualifier").fill("2");
    await ui.run();
    await ui.waitForStatus("Succeeded");
    assert.equal(await ui.output("Executed Version").textContent(), "2");
  }));

test("fields appear, disappear and are cleared by visible-when", () =>
  studio(async (ui) => {
    await ui.choose("greet");
    await ui.box("Use Function Name?").selectOption("Yes");
    await ui.text("Function Name").fill("echo");
    assert.equal(await ui.box("Your Functions").count(), 0);
    await ui.box("Use Function Name?").selectOption("No");
    await ui.text("Function Name").waitFor({ state: "hidden" });
    assert.equal(await ui.box("Your Functions").inputValue(), "");
    await ui.box("Use Function Name?").selectOption("Yes");
    assert.equal(await ui.text("Function Name").inputValue(), "");
  }));

test("tenant ID is shown for a typed and for a chosen function", () =>
  studio(async (ui) => {
    await ui.open("Advanced");
    const tenant = ui.text("Tenant ID");
    assert.equal(await tenant.getAttribute("aria-required"), "false");
    await ui.choose("tenant");
    await tenant.fill("blue");
    await ui.run();
    await ui.waitForStatus("Succeeded");
    assert.match(await ui.output("Output").textContent(), /"tenantId":"blue"/);
    await ui.box("Use Function Name?").selectOption("Yes");
    assert.equal(await tenant.inputValue(), "blue");
  }));

test("invalid JSON is reported at its field and blocks the run", () =>
  studio(async (ui) => {
    let runs = 0;
    ui.page.on("request", (request) => {
      if (request.url().endsWith("/api/run")) runs++;
    });
    await ui.choose("greet");
    const payload = ui.text("Payload");
    await payload.fill('{"name": "Ada",}');
    await payload.blur();
    assert.match(await ui.errorAt(payload), /^This is not JSON: .*line 1 column 16/);
    assert.equal(await payload.getAttribute("aria-invalid"), "true");
    await ui.run();
    await ui.waitForStatus("Not run: Payload needs attention.");
    assert.equal(runs, 0);
    assert.equal(await payload.evaluate((node) => node === document.activeElement), true);
    await payload.fill('{"name": "Ada"}');
    assert.equal(await payload.getAttribute("aria-invalid"), null);
    await ui.run();
    await ui.waitForStatus("Succeeded");
    assert.equal(runs, 1);
  }));

test("a test of the connection needs the connection's fields and no card's", () =>
  studio(async (ui) => {
    const button = ui.page.getByRole("button", { name: "Test connection" });
    await ui.open("Connection");
    await ui.text("Region").fill("");
    await button.click();
    await ui.waitForStatus("Not tested: Region needs attention.");
    assert.equal(await ui.errorAt(ui.text("Region")), "This field is required.");
  }));

test("missing required field is reported at the field", () =>
  studio(async (ui) => {
    await ui.run();
    await ui.waitForStatus("Not run: Your Functions needs attention.");
    assert.equal(await ui.errorAt(ui.box("Your Functions")), "This field is required.");
  }));
