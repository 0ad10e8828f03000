// One control for each kind of field. A control has an element, its value as JSON text, and a way to
// clear it. The value is null if the control is blank. Its target can be focused and marked as invalid.

import { indent, problem } from "./json.js";

/** Creates an element; `children` are nodes or strings. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

/** Creates the control of a field; `choices(search, cursor)` fetches the choices of a dynamic field. */
export function control(field, id, choices) {
  if (field.dynamic) return combobox(field, id, choices);
  switch (field.kind) {
    case "dropdown":
      return dropdown(field, id);
    case "boolean":
      return checkbox(field, id);
    case "object":
      return editor(field, id);
    default:
      return input(field, id);
  }
}

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** The field's default, as a user would type it. */
function initial(field) {
  if (field.default == null) return "";
  return field.default.startsWith('"') ? JSON.parse(field.default) : field.default;
}

function input(field, id) {
  const box = element("input", {
    id,
    type: field.secret ? "password" : "text",
    inputmode: field.kind === "number" ? "decimal" : null,
    autocomplete: field.secret ? "new-password" : "off",
    spellcheck: "false",
    autocapitalize: "off",
  });
  box.value = initial(field);
  let kept = null;
  return {
    element: box,
    target: box,
    json() {
      const text = box.value;
      if (text === "") return kept === null ? null : JSON.stringify(kept);
      // A number keeps its spelling. The connector rejects anything else with the key of the field.
      return field.kind === "number" && NUMBER.test(text.trim()) ? text.trim() : JSON.stringify(text);
    },
    set(text) {
      box.value = text;
    },
    /** The server keeps this secret, and accepts the token in its place until something is typed. */
    keep(token) {
      kept = token;
      box.placeholder = "Kept by this program; type to replace it";
    },
    clear() {
      box.value = initial(field);
    },
  };
}

function dropdown(field, id) {
  const select = element("select", { id });
  if (field.default == null) select.append(element("option", { value: "" }, field.required ? "Choose…" : ""));
  for (const choice of field.choices) {
    select.append(element("option", { value: choice.value, title: choice.description }, choice.label));
  }
  select.value = initial(field);
  const hint = element("span", { class: "choice-hint", id: `${id}-choice` });
  const explain = () => {
    hint.textContent = field.choices.find((choice) => choice.value === select.value)?.description ?? "";
  };
  select.addEventListener("change", explain);
  explain();
  return {
    element: element("div", {}, select, hint),
    target: select,
    describedBy: hint.id,
    json: () => (select.value === "" ? null : JSON.stringify(select.value)),
    set(text) {
      select.value = text;
      explain();
    },
    clear() {
      this.set(initial(field));
    },
  };
}

function checkbox(field, id) {
  const box = element("input", { id, type: "checkbox" });
  box.checked = field.default === "true";
  return {
    element: box,
    target: box,
    inline: true,
    json: () => String(box.checked),
    set(text) {
      box.checked = text === "true";
    },
    clear() {
      box.checked = field.default === "true";
    },
  };
}

function editor(field, id) {
  const area = element("textarea", {
    id,
    rows: "5",
    spellcheck: "false",
    autocapitalize: "off",
    autocomplete: "off",
    class: "code",
  });
  area.value = initial(field);
  const format = element("button", { type: "button", class: "quiet small" }, "Indent");
  format.setAttribute("aria-label", `Indent ${field.label}`);
  const blank = () => area.value.trim() === "";
  format.addEventListener("click", () => {
    if (!blank() && problem(area.value) === null) area.value = indent(area.value);
    area.dispatchEvent(new Event("change", { bubbles: true }));
  });
  return {
    element: element("div", { class: "editor" }, area, format),
    target: area,
    json: () => (blank() ? null : area.value),
    problem: () => (blank() ? null : problem(area.value)),
    set(text) {
      area.value = text;
    },
    clear() {
      area.value = initial(field);
    },
  };
}

/** A text box with a list of choices, which is searched while the user types and loads more on demand.
 *  A dropdown accepts only a choice from the list; a text field accepts any text. */
function combobox(field, id, choices) {
  const free = field.kind !== "dropdown";
  const list = element("ul", { id: `${id}-list`, role: "listbox", "aria-label": field.label, hidden: true });
  const box = element("input", {
    id,
    type: "text",
    role: "combobox",
    autocomplete: "off",
    spellcheck: "false",
    autocapitalize: "off",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": list.id,
    placeholder: free ? null : "Type to search…",
  });
  const news = element("span", { class: "hidden-text", role: "status" });
  let chosen = null; // The choice that the box shows.
  let options = []; // The entries of the list: choices, and perhaps “Load more…” at the end.
  let active = -1;
  let listing = 0; // Counts the lists that were shown: a page that arrives late belongs to an earlier one.
  let wanted = null; // The next search, while another one is in flight.
  let asking = false;

  const open = () => !list.hidden;
  const show = (yes) => {
    list.hidden = !yes;
    box.setAttribute("aria-expanded", String(yes));
    if (!yes) activate(-1);
  };
  const activate = (index) => {
    active = index;
    options.forEach((option, at) => option.element.setAttribute("aria-selected", String(at === index)));
    const option = options[index];
    if (option) {
      box.setAttribute("aria-activedescendant", option.element.id);
      option.element.scrollIntoView({ block: "nearest" });
    } else box.removeAttribute("aria-activedescendant");
  };
  const message = (text, isError) => {
    listing++;
    options = [];
    activate(-1);
    list.replaceChildren(element("li", { role: "presentation", class: isError ? "error" : "muted" }, text));
    news.textContent = text;
  };
  const changed = () => box.dispatchEvent(new Event("change", { bubbles: true }));
  const choose = (choice) => {
    chosen = choice;
    box.value = free ? choice.value : choice.label;
    show(false);
    changed();
  };
  const add = (text, description, act) => {
    const item = element(
      "li",
      { id: `${id}-option-${options.length}`, role: "option", "aria-selected": "false" },
      text,
      description ? element("span", { class: "muted" }, description) : null,
    );
    // The box keeps the focus, because it controls the list.
    item.addEventListener("pointerdown", (event) => event.preventDefault());
    const option = { element: item, act };
    item.addEventListener("click", () => option.act());
    options.push(option);
    list.append(item);
  };
  const offer = (page, search) => {
    for (const choice of page.choices) add(choice.label, choice.description, () => choose(choice));
    if (page.next != null) add("Load more…", "", () => more(search, page.next));
    if (options.length === 0) message("Nothing matches.");
    else news.textContent = `${options.length - (page.next != null ? 1 : 0)} choices`;
  };
  const more = async (search, cursor) => {
    const shown = listing;
    const at = options.length - 1;
    const last = options[at];
    last.element.textContent = "Loading…";
    last.act = () => {};
    try {
      const page = await choices(search, cursor);
      if (shown !== listing) return;
      options.pop();
      last.element.remove();
      offer(page, search);
      if (open()) activate(Math.min(at, options.length - 1));
    } catch (error) {
      if (shown === listing) message(error.message, true);
    }
  };
  // One request at a time, always for the latest search: fast typing does not queue requests.
  const ask = async (search) => {
    wanted = { search };
    if (asking) return;
    asking = true;
    if (!open()) message("Loading…");
    show(true);
    while (wanted) {
      const { search } = wanted;
      wanted = null;
      try {
        const page = await choices(search || null, null);
        if (wanted) continue;
        listing++;
        options = [];
        list.replaceChildren();
        activate(-1);
        offer(page, search || null);
      } catch (error) {
        if (!wanted) message(error.message, true);
      }
    }
    asking = false;
  };
  const settle = () => {
    show(false);
    if (free) return;
    // The typed text is only a search. The choice remains until it is replaced or cleared.
    if (box.value === "" && chosen) {
      chosen = null;
      changed();
    } else box.value = chosen?.label ?? "";
  };

  box.addEventListener("click", () => {
    if (!open()) ask("");
  });
  box.addEventListener("input", () => ask(box.value));
  // In a dropdown, the box's own change event is a search; only a choice is a change of the field.
  box.addEventListener("change", (event) => {
    if (!free && event.isTrusted) event.stopImmediatePropagation();
  });
  box.addEventListener("blur", settle);
  box.addEventListener("keydown", (event) => {
    const last = options.length - 1;
    switch (event.key) {
      case "ArrowDown":
        if (!open()) ask(free ? box.value : "");
        else activate(active < last ? active + 1 : 0);
        break;
      case "ArrowUp":
        if (open()) activate(active > 0 ? active - 1 : last);
        break;
      case "Enter":
        if (event.ctrlKey || event.metaKey || !open()) return;
        if (active >= 0) options[active].act();
        else if (!free && options.length > 0) options[0].act();
        else show(false);
        break;
      case "Escape":
        if (!open()) return;
        if (!free) box.value = chosen?.label ?? "";
        show(false);
        break;
      default:
        return;
    }
    event.preventDefault();
  });

  return {
    element: element("div", { class: "combobox" }, box, list, news),
    target: box,
    json() {
      const value = free ? box.value : (chosen?.value ?? "");
      return value === "" ? null : JSON.stringify(value);
    },
    set(text) {
      chosen = { value: text, label: text };
      box.value = text;
    },
    clear() {
      chosen = null;
      box.value = "";
    },
  };
}
