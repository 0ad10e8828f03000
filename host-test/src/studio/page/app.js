// The page: draws the forms that the server describes, and runs them. It does not depend on a service:
// everything that it shows comes from `describe`, and the connection's first values come from the
// server's defaults. `history.js` is the exception.

import { element } from "./controls.js";
import { Form } from "./form.js";
import { Growth, read } from "./growth.js";
import { History } from "./history.js";
import { members, object } from "./json.js";
import { checks, failure, outputs } from "./results.js";

const byId = (id) => document.getElementById(id);

let manifest;
let card;
let connection;
let form;
const history = new History(byId("history"), (id, cursor) => {
  const pairs = [
    ["connection", connection.json()],
    ["execution", JSON.stringify(id)],
    ["cursor", JSON.stringify(cursor)],
  ];
  return ask("history", object(pairs)).then(JSON.parse);
}, answerCallback);
/** Aborts the current run. */
let running = null;

/** Sends a question to the server. Returns the text of `ok`, or throws the error. */
async function ask(question, body, signal) {
  return (await answer(question, body, signal)).get("ok");
}

/**
 * Sends a question to the server. Returns the parts of the answer, or throws the error. `step` is called
 * with each step of a response that grows before the answer.
 */
async function answer(question, body, signal, step) {
  let text;
  try {
    const response = await fetch(`/api/${question}`, {
      method: body === undefined ? "GET" : "POST",
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body,
      signal,
    });
    const grows = response.headers.get("content-type") === "application/x-studio-steps";
    text = grows ? await read(response.body, step) : await response.text();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The program that serves this page does not respond. Is it still running?");
  }
  const parts = members(text);
  if (parts.has("ok")) return parts;
  const refusals = parts.has("refusals") ? JSON.parse(parts.get("refusals")) : [];
  const error = JSON.parse(parts.get("error") ?? '{"host":"the server sent an empty response"}');
  throw new Failure(error, refusals, parts);
}

class Failure extends Error {
  constructor(error, refusals, parts) {
    const { title, lead } = failure(error);
    const hint = Object.values(error)[0]?.hint;
    super([lead || title, hint, ...refusals].filter(Boolean).join(" – "));
    this.error = error;
    this.refusals = refusals;
    this.received = parts.get("received");
    this.execution = JSON.parse(parts.get("execution") ?? "null");
  }
}

function question(more = []) {
  const pairs = [
    ["connection", connection.json()],
    ["card", JSON.stringify(card.id)],
    ["values", form.json()],
  ];
  return object([...pairs, ...more.map(([key, value]) => [key, JSON.stringify(value)])]);
}

async function choices(field, search, cursor) {
  return JSON.parse(await ask("choices", question([["field", field.key], ["search", search], ["cursor", cursor]])));
}

function choose(chosen) {
  card = chosen;
  form = new Form(byId("card-form"), "field", [card.options, card.inputs], choices);
  byId("outcome").replaceChildren();
  showReceived();
  history.hide();
  status("Nothing has run yet.");
}

/** Opens the card that answers a callback of the execution, filled in. */
function answerCallback(id, callbackId) {
  const answering = manifest.cards.find((candidate) => candidate.id === "complete-callback");
  byId(`card-${answering.id}`).checked = true;
  choose(answering);
  form.row("executionArn").control.set(id);
  form.row("callbackId").control.set(callbackId);
  form.row("decision").focus();
}

/** Shows which key the sandbox got; `json` is a text, or undefined. */
function showReceived(json) {
  byId("received").textContent = json === undefined ? "" : `The sandbox received: ${JSON.parse(json)}`;
  byId("received").hidden = json === undefined;
}

function drawCards() {
  for (const [index, candidate] of manifest.cards.entries()) {
    const id = `card-${candidate.id}`;
    const radio = element("input", { type: "radio", name: "card", id, "aria-describedby": `${id}-help` });
    radio.checked = index === 0;
    radio.addEventListener("change", () => choose(candidate));
    const help = element("span", { class: "help", id: `${id}-help` }, candidate.description);
    byId("card-list").append(element("div", { class: "card" }, radio, element("label", { for: id }, candidate.title), help));
  }
}

function drawConnection(defaults) {
  const none = () => ({ choices: [], next: null });
  connection = new Form(byId("connection-form"), "connection", [manifest.connection], none);
  for (const [key, value] of Object.entries(defaults.values)) connection.row(key)?.control.set(value);
  for (const [key, token] of Object.entries(defaults.kept)) connection.row(key)?.control.keep?.(token);
  const note = byId("connection-note");
  note.textContent = defaults.note;
  note.hidden = defaults.note === "";
  const sum = () => {
    const first = manifest.connection.find((field) => field.required && !field.secret && field.kind === "text");
    const value = first ? connection.row(first.key).control.json() : null;
    byId("connection-summary").textContent = value === null ? "not set up" : JSON.parse(value);
  };
  byId("connection-form").addEventListener("change", sum);
  sum();
  // Without first values, the connection must be filled in first.
  byId("connection").open = Object.keys(defaults.values).length === 0;
}

function status(text, kind) {
  byId("status").textContent = text;
  byId("status").className = kind ?? "";
}

function busy(yes) {
  byId("run").disabled = yes;
  byId("test").disabled = yes;
  byId("stop").hidden = !yes;
  byId("result").setAttribute("aria-busy", String(yes));
  // On a narrow screen, the result is below the form: scroll it into view.
  byId("status").scrollIntoView({ block: "nearest" });
}

function run() {
  const ran = card;
  return call("run", "Running…", [connection, form], (text, took, execution) => {
    status(`Succeeded in ${took}`, "good");
    byId("outcome").replaceChildren(...outputs(ran.outputs, text));
    history.show(execution);
  });
}

/** Tests the connection, with the values that are filled in so far. */
function test() {
  return call("test", "Testing…", [connection], (text, took) => {
    const list = JSON.parse(text);
    const count = (outcome) => list.filter((check) => check.outcome === outcome).length;
    if (count("failed") > 0) status(`${count("failed")} of ${list.length} checks failed`, "bad");
    else status(`${count("passed")} checks passed in ${took}`, "good");
    byId("outcome").replaceChildren(...checks(list));
  });
}

/** Asks the server if these forms are complete. `succeeded` shows the text of the answer. */
async function call(name, doing, forms, succeeded) {
  if (running) return;
  connection.clearErrors();
  form.clearErrors();
  byId("outcome").replaceChildren();
  showReceived();
  history.hide();
  const invalid = forms.flatMap((checked) => checked.check());
  if (invalid.length > 0) {
    const labels = invalid.map((row) => row.field.label).join(", ");
    status(`Not ${name === "run" ? "run" : "tested"}: ${labels} ${invalid.length === 1 ? "needs" : "need"} attention.`, "bad");
    invalid[0].focus();
    return;
  }
  running = new AbortController();
  busy(true);
  status(doing, "busy");
  const began = performance.now();
  const took = () => `${Math.round(performance.now() - began).toLocaleString("en")} ms`;
  const growth = new Growth();
  try {
    const parts = await answer(name, question(), running.signal, (step) => {
      growth.add(step);
      if (growth.element.isConnected) return;
      // The count is outside of the status, because a screen reader reads each change of that aloud.
      status("Streaming…", "busy");
      byId("outcome").replaceChildren(growth.element);
    });
    showReceived(parts.get("received"));
    succeeded(parts.get("ok"), took(), JSON.parse(parts.get("execution") ?? "null"));
  } catch (error) {
    if (error.name === "AbortError") status("Stopped waiting. The call may still be running.", "bad");
    else if (error instanceof Failure) failed(error, took(), growth.element);
    else status(`Failed: ${error.message}`, "bad");
  } finally {
    running = null;
    busy(false);
  }
}

/** Shows an error. What the function sent before it is in `grown`, because the error does not have it. */
function failed({ error, refusals, received, execution }, took, grown) {
  showReceived(received);
  const { title, lead, content } = failure(error);
  const { field, message } = Object.values(error)[0] ?? {};
  const row = form.row(field) ?? connection.row(field);
  if (row?.shown && typeof message === "string") {
    status(`Failed: ${title}: ${row.field.label}`, "bad");
    row.error(message);
    row.focus();
  } else status(`Failed after ${took}: ${title}`, "bad");
  byId("outcome").replaceChildren(
    ...(lead ? [element("p", { class: "lead" }, lead)] : []),
    ...refusals.map((refusal) => element("p", { class: "note" }, `This program ${refusal}`)),
    ...content,
    ...(grown.hasChildNodes() ? [grown] : []),
  );
  history.show(execution);
}

async function start() {
  const [described, defaults] = await Promise.all([ask("describe"), ask("defaults")]);
  manifest = JSON.parse(described);
  document.title = `${manifest.title} – Studio`;
  byId("title").textContent = manifest.title;
  byId("description").textContent = manifest.description;
  byId("version").textContent = `${manifest.name} ${manifest.version}`;
  drawConnection(JSON.parse(defaults));
  drawCards();
  byId("card-form").addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
  byId("connection-form").addEventListener("submit", (event) => event.preventDefault());
  byId("test").addEventListener("click", test);
  byId("stop").addEventListener("click", () => running?.abort());
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run();
  });
  choose(manifest.cards[0]);
}

start().catch((error) => status(error.message, "bad"));
