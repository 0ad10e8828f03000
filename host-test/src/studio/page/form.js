// A form drawn from a list of fields: labels, help, groups, and the conditions of visibility.

import { control, element } from "./controls.js";
import { object } from "./json.js";

/** A group of this name holds fields that few users need, and starts closed. */
const CLOSED_GROUP = "Advanced";

export class Form {
  #rows = new Map(); // By field key, in the form's order.

  /** Draws `sections` (lists of fields) into `root`; ids begin with `name`. */
  constructor(root, name, sections, choices) {
    const body = element("div", { class: "fields" });
    root.replaceChildren(body);
    for (const fields of sections) {
      const groups = new Map();
      for (const field of fields) {
        let place = groups.get(field.group ?? null);
        if (!place) {
          place = this.#group(body, field.group ?? null);
          groups.set(field.group ?? null, place);
        }
        const row = new Row(field, `${name}-${field.key}`, (search, cursor) => choices(field, search, cursor));
        this.#rows.set(field.key, row);
        place.append(row.element);
      }
    }
    // The listener is on the form's own body, which the next form in the same place replaces.
    body.addEventListener("change", () => this.#follow());
    this.#follow();
  }

  #group(root, title) {
    let place;
    let frame;
    if (title === null) {
      frame = place = element("div", { class: "group" });
    } else if (title === CLOSED_GROUP) {
      place = element("fieldset", {}, element("legend", { class: "hidden-text" }, title));
      frame = element("details", { class: "group" }, element("summary", {}, title), place);
    } else {
      frame = place = element("fieldset", { class: "group" }, element("legend", {}, title));
    }
    root.append(frame);
    return place;
  }

  row(key) {
    return this.#rows.get(key);
  }

  /** Shows and hides fields by their `visible-when`. */
  #follow() {
    // A field may depend on one that was just hidden: repeat until nothing changes.
    for (let again = true; again; ) {
      again = false;
      for (const row of this.#rows.values()) {
        const met = this.#isMet(row.field["visible-when"]);
        if (met !== row.shown) {
          row.show(met);
          again = true;
        }
      }
    }
  }

  #isMet(condition) {
    if (!condition) return true;
    const row = this.#rows.get(condition.key);
    const json = row?.shown ? row.control.json() : null;
    return json !== null && condition.values.includes(JSON.parse(json));
  }

  /** The values of the shown fields, as the text of a JSON object. Invalid JSON is left out. */
  json() {
    const pairs = [];
    for (const [key, { control, shown }] of this.#rows) {
      const json = shown && !control.problem?.() ? control.json() : null;
      if (json !== null) pairs.push([key, json]);
    }
    return object(pairs);
  }

  /** Marks fields that are missing or not JSON, and returns their rows. */
  check() {
    const invalid = [];
    for (const row of this.#rows.values()) if (row.shown && !row.check()) invalid.push(row);
    return invalid;
  }

  clearErrors() {
    for (const row of this.#rows.values()) row.error(null);
  }
}

class Row {
  shown = true;
  #mark;
  #error;
  #descriptions;

  constructor(field, id, choices) {
    this.field = field;
    this.control = control(field, id, choices);
    const { target } = this.control;
    this.#mark = element("span", { class: "required", "aria-hidden": "true" }, "required");
    this.#error = element("p", { class: "error", id: `${id}-error`, hidden: true });
    const label = element("label", { for: id }, field.label, " ", this.#mark);
    const help = element("p", { class: "help", id: `${id}-help` }, field.definition);
    this.#descriptions = [this.control.describedBy, help.id].filter(Boolean);
    const head = this.control.inline
      ? [element("div", { class: "inline" }, this.control.element, label)]
      : [label, this.control.element];
    this.element = element("div", { class: "field" }, ...head, this.#error, help);
    this.#mark.hidden = !field.required;
    target.setAttribute("aria-required", String(field.required));
    this.error(null);
    target.addEventListener("change", () => this.checkJson());
    target.addEventListener("input", () => {
      // An error disappears with its cause; a new one appears only when the field loses focus.
      if (this.invalid && !this.control.problem?.()) this.error(null);
    });
  }

  get invalid() {
    return !this.#error.hidden;
  }

  show(yes) {
    this.shown = yes;
    this.element.hidden = !yes;
    if (!yes) {
      this.control.clear();
      this.error(null);
    }
  }

  error(message) {
    const { target } = this.control;
    this.#error.hidden = message === null;
    this.#error.textContent = message ?? "";
    // Screen readers announce the error before the other descriptions.
    const described = message === null ? this.#descriptions : [this.#error.id, ...this.#descriptions];
    target.setAttribute("aria-describedby", described.join(" "));
    if (message === null) target.removeAttribute("aria-invalid");
    else target.setAttribute("aria-invalid", "true");
  }

  checkJson() {
    const problem = this.control.problem?.() ?? null;
    if (this.control.problem) this.error(problem === null ? null : `This is not JSON: ${problem}`);
    return problem === null;
  }

  check() {
    if (!this.checkJson()) return false;
    const blank = this.field.required && this.control.json() === null;
    this.error(blank ? "This field is required." : null);
    return !blank;
  }

  focus() {
    for (let at = this.element.parentElement; at; at = at.parentElement) {
      if (at.localName === "details") at.open = true;
    }
    this.control.target.focus();
  }
}
