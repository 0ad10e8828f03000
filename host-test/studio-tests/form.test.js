// The form: what describe says is what is drawn, and it follows what is filled in.

import assert from "node:assert/strict";
import { test } from "node:test";
import { studio, url, withBrowser } from "./support.js";

withBrowser();

const manifest = async () => (await (await fetch(`${url}api/describe`)).json()).ok;

const ROLES = { text: "textbox", number: "textbox", object: "textbox", boolean: "checkbox", dropdown: "combobox" };

test("every field of describe is drawn: label, help, whether it is required, group", async () => {
  const { cards, connection, title, version } = await manifest();
  await studio(async (at) => {
    await at.page.getByRole("heading", { name: title, level: 1 }).waitFor();
    await at.page.getByText(version).waitFor();
    await at.open("Connection");
    await at.page.locator("#connection-form summary").click();
    await drawnAtFirst(at, connection);
    for (const card of cards) {
      await at.page.getByRole("radio", { name: card.title, exact: true }).check();
      if (card.inputs.some((field) => field.group === "Advanced")) {
        await at.page.locator("#card-form summary").click();
      }
      await drawnAtFirst(at, [...card.options, ...card.inputs]);
    }
  });
});

async function drawnAtFirst(at, fields) {
  const defaults = new Map(fields.map((field) => [field.key, field.default && JSON.parse(field.default)]));
  for (const field of fields) {
    const condition = field["visible-when"];
    await drawn(at, field, !condition || condition.values.includes(defaults.get(condition.key)));
  }
}

async function drawn(at, field, visible) {
  const name = field.label;
  const role = field.dynamic ? "combobox" : ROLES[field.kind];
  const control = field.secret
    ? at.page.getByLabel(name).filter({ visible: true })
    : at.page.getByRole(role, { name, exact: true });
  if (!visible) return assert.equal(await control.count(), 0, `${name} is hidden`);
  await control.waitFor();
  assert.equal(await control.getAttribute("aria-required"), String(field.required), name);
  if (field.secret) assert.equal(await control.getAttribute("type"), "password", name);
  const help = await control.evaluate((node) =>
    node.getAttribute("aria-describedby").split(" ").map((id) => document.getElementById(id).textContent),
  );
  assert.ok(help.includes(field.definition), `${name}: ${help}`);
  if (field.group) {
    assert.equal(await at.page.getByRole("group", { name: field.group, exact: true }).filter({ has: control }).count(), 1, name);
  }
  if (field.kind === "dropdown" && !field.dynamic) {
    const labels = await control.getByRole("option").allTextContents();
    assert.deepEqual(labels, field.choices.map((choice) => choice.label), name);
    assert.equal(await control.inputValue(), JSON.parse(field.default), name);
  }
}

test("a dropdown is searched and chosen by keyboard alone", () =>
  studio(async (at) => {
    const box = at.box("Your Functions");
    await box.focus();
    await at.page.keyboard.type("REE");
    await at.option("greet").waitFor();
    await at.option("echo").waitFor({ state: "detached" });
    await at.page.keyboard.press("ArrowDown");
    assert.equal(await at.option("greet").getAttribute("aria-selected"), "true");
    assert.equal(await box.getAttribute("aria-activedescendant"), await at.option("greet").getAttribute("id"));
    await at.page.keyboard.press("Enter");
    await at.page.getByRole("listbox").waitFor({ state: "hidden" });
    assert.equal(await box.inputValue(), "greet");
    // What is typed afterwards is a search; without a choice, the one before stands.
    await at.page.keyboard.type("nothing is named so");
    await at.page.getByRole("listbox").getByText("Nothing matches.").waitFor();
    await at.page.keyboard.press("Escape");
    assert.equal(await box.inputValue(), "greet");
  }));

test("a dropdown loads more where there is more", () =>
  studio(async (at) => {
    await at.box("Your Functions").click();
    const options = at.page.getByRole("listbox").getByRole("option");
    await at.option("Load more…").waitFor();
    const first = await options.count();
    await at.page.keyboard.press("ArrowUp");
    await at.page.keyboard.press("Enter");
    await at.option("Load more…").waitFor({ state: "detached" });
    const names = await options.evaluateAll((nodes) => nodes.map((node) => node.firstChild.textContent));
    assert.ok(names.length > first, `${names.length} after ${first}`);
    assert.equal(new Set(names).size, names.length);
    // The first of the new ones is where the keyboard goes on.
    const active = await at.box("Your Functions").getAttribute("aria-activedescendant");
    assert.equal(active, await options.nth(first - 1).getAttribute("id"));
  }));

test("a text field with choices suggests and takes any text", () =>
  studio(async (at) => {
    await at.choose("versioned");
    await at.box("Qualifier").fill("be");
    await at.option("beta (alias)").click();
    assert.equal(await at.box("Qualifier").inputValue(), "beta");
    await at.box("Qualifier").fill("2");
    await at.run();
    await at.says("Succeeded");
    assert.equal(await at.output("Executed Version").textContent(), "2");
  }));

test("fields come, go and are cleared by visible-when", () =>
  studio(async (at) => {
    await at.choose("greet");
    await at.box("Use Function Name?").selectOption("Yes");
    await at.text("Function Name").fill("echo");
    assert.equal(await at.box("Your Functions").count(), 0);
    await at.box("Use Function Name?").selectOption("No");
    await at.text("Function Name").waitFor({ state: "hidden" });
    assert.equal(await at.box("Your Functions").inputValue(), "");
    await at.box("Use Function Name?").selectOption("Yes");
    assert.equal(await at.text("Function Name").inputValue(), "");
  }));

test("Tenant ID is there however the function is named", () =>
  studio(async (at) => {
    await at.open("Advanced");
    const tenant = at.text("Tenant ID");
    assert.equal(await tenant.getAttribute("aria-required"), "false");
    await at.choose("tenant");
    await tenant.fill("blue");
    await at.run();
    await at.says("Succeeded");
    assert.match(await at.output("Output").textContent(), /"tenantId":"blue"/);
    await at.box("Use Function Name?").selectOption("Yes");
    assert.equal(await tenant.inputValue(), "blue");
  }));

test("bad JSON is shown in place and blocks the run", () =>
  studio(async (at) => {
    let runs = 0;
    at.page.on("request", (request) => {
      if (request.url().endsWith("/api/run")) runs++;
    });
    await at.choose("greet");
    const payload = at.text("Payload");
    await payload.fill('{"name": "Ada",}');
    await payload.blur();
    assert.match(await at.errorAt(payload), /^This is not JSON: .*line 1 column 16/);
    assert.equal(await payload.getAttribute("aria-invalid"), "true");
    await at.run();
    await at.says("Not run: Payload needs attention.");
    assert.equal(runs, 0);
    assert.equal(await payload.evaluate((node) => node === document.activeElement), true);
    await payload.fill('{"name": "Ada"}');
    assert.equal(await payload.getAttribute("aria-invalid"), null);
    await at.run();
    await at.says("Succeeded");
    assert.equal(runs, 1);
  }));

test("a test of the connection needs the connection's fields and no card's", () =>
  studio(async (at) => {
    const button = at.page.getByRole("button", { name: "Test connection" });
    await at.open("Connection");
    await at.text("Region").fill("");
    await button.click();
    await at.says("Not tested: Region needs attention.");
    assert.equal(await at.errorAt(at.text("Region")), "This field is required.");
  }));

test("what is required is asked for in place", () =>
  studio(async (at) => {
    await at.run();
    await at.says("Not run: Your Functions needs attention.");
    assert.equal(await at.errorAt(at.box("Your Functions")), "This field is required.");
  }));
