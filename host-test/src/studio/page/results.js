// The result of a run: outputs as the card describes them, or an error with the names of the contract.

import { element } from "./controls.js";
import { indent, members } from "./json.js";

/** A text that is longer than this, or has several lines, is shown in a box. */
const LONG = 160;

/** A box shows this much of a longer text until the user asks for all, because layout of megabytes takes seconds. */
const SHOWN = 262_144;

/** A table of a card's outputs; `text` is the JSON object, unchanged. */
export function outputs(fields, text) {
  const values = members(text);
  const body = element("tbody");
  const blank = [];
  for (const field of fields) {
    const value = values.get(field.key) ?? "null";
    if (value === "null") blank.push(field.label);
    else body.append(row(field.label, shown(field, value), field.definition));
  }
  return [
    body.rows.length > 0 ? table("Outputs", body) : null,
    blank.length > 0 ? element("p", { class: "muted" }, `Without a value: ${blank.join(", ")}.`) : null,
  ].filter(Boolean);
}

/** A table of a connection's checks. */
export function checks(list) {
  const body = element("tbody");
  for (const { subject, outcome, detail } of list) body.append(row(words(subject), plain(`${outcome}: ${detail}`)));
  return [table("Checks", body)];
}

/** An error of the contract, `{"<case>": {…}}`, part by part. */
export function failure(error) {
  const [[name, parts]] = Object.entries(error);
  if (typeof parts !== "object" || parts === null) {
    return { title: words(name), lead: parts ?? "", content: [] };
  }
  const bodies = [];
  const lead = sections(parts, null, bodies);
  return { title: words(name), lead, content: bodies.length > 0 ? [table("Error", ...bodies)] : [] };
}

/** Adds a row for each plain part and a section for each nested one. Returns the first message. */
function sections(parts, title, bodies) {
  const body = element("tbody");
  if (title) {
    body.append(element("tr", {}, element("th", { colspan: "2", scope: "rowgroup", class: "section" }, title)));
  }
  bodies.push(body);
  const deeper = [];
  let lead = "";
  for (const [key, value] of Object.entries(parts)) {
    if (value === null || value === "" || (Array.isArray(value) && value.length === 0)) continue;
    if (Array.isArray(value)) body.append(row(words(key), box(value.join("\n"))));
    else if (typeof value === "object") deeper.push([key, value]);
    else {
      body.append(row(words(key), plain(String(value))));
      if (/(^|-)message$/.test(key)) lead ||= String(value);
    }
  }
  if (body.rows.length <= (title ? 1 : 0)) bodies.pop();
  for (const [key, value] of deeper) {
    const inner = sections(value, title ? `${title}: ${words(key).toLowerCase()}` : words(key), bodies);
    lead ||= inner;
  }
  return lead;
}

/** `error-type` as "Error type". */
export function words(name) {
  const text = name.replaceAll("-", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function table(caption, ...bodies) {
  const heads = ["Name", "Value"].map((text) => element("th", { scope: "col" }, text));
  // The roles are explicit because on small screens the style sheet changes `display`, which removes them.
  return element(
    "table",
    { role: "table" },
    element("caption", { class: "hidden-text" }, caption),
    element("thead", { class: "hidden-text" }, element("tr", {}, ...heads)),
    ...bodies,
  );
}

function row(label, value, definition) {
  const name = element("th", { scope: "row", role: "rowheader", title: definition ?? null }, label);
  return element("tr", { role: "row" }, name, element("td", { role: "cell" }, value));
}

function shown(field, json) {
  if (field.kind === "object") return both(field.label, json);
  return plain(json.startsWith('"') ? JSON.parse(json) : json);
}

function plain(text) {
  return text.includes("\n") || text.length > LONG ? box(text) : element("span", { class: "value" }, text);
}

function box(text) {
  return writable(text).element;
}

/** A box whose text can be replaced. */
function writable(text) {
  // It scrolls, so it must be reachable by keyboard.
  const pre = element("pre", { tabindex: "0" });
  const all = element("button", { type: "button", class: "quiet small" }, "Show all");
  const count = element("span", { class: "muted" });
  const rest = element("p", { class: "rest" }, count, " ", all);
  const holder = element("div", {}, pre);
  let whole;
  const write = (text) => {
    whole = text;
    pre.textContent = text.slice(0, SHOWN);
    const [shown, length] = [SHOWN, text.length].map((number) => number.toLocaleString("en"));
    count.textContent = `Only the first ${shown} of ${length} characters are shown.`;
    holder.replaceChildren(pre, ...(text.length > SHOWN ? [rest] : []));
  };
  all.addEventListener("click", () => {
    pre.textContent = whole;
    rest.remove();
    pre.focus();
  });
  write(text);
  return { element: holder, write };
}

/** JSON, indented or unchanged. */
function both(label, json) {
  const text = writable(indent(json));
  const buttons = [
    ["Pretty", () => indent(json)],
    ["Raw", () => json],
  ].map(([name, make], index) => {
    const button = element("button", { type: "button", "aria-pressed": String(index === 0) }, name);
    button.addEventListener("click", () => {
      text.write(make());
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
    });
    return button;
  });
  const toggle = element("div", { class: "toggle", role: "group", "aria-label": `${label}, format` });
  toggle.append(...buttons);
  return element("div", {}, toggle, text.element);
}
