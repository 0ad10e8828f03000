// What happened in a durable execution: its events as a timeline. This is the only part of the page that
// knows what the cards are for.

import { element } from "./controls.js";
import { indent } from "./json.js";

/** The events that end the operation or the execution that they belong to. */
const GOOD = /(Succeeded|Completed|Resumed)$/;
const BAD = /(Failed|TimedOut|Stopped|Cancelled)$/;

const NOT_ENDED = "The execution has not ended.";

/** What the last event of these types shows. The invocation that was running may complete afterwards. */
const STATES = {
  ExecutionSucceeded: "The execution succeeded.",
  ExecutionFailed: "The execution failed.",
  ExecutionTimedOut: "The execution timed out.",
  ExecutionStopped: "The execution was stopped.",
  ExecutionPaused: "The execution is paused.",
  ExecutionResumed: NOT_ENDED,
};

export class History {
  #section;
  #ask;
  #answer;
  /** The execution that is shown; `null` if none is. */
  #id = null;

  /**
   * Draws into `section`. `ask(id, cursor)` returns a page of events. `answer(id, callbackId)` answers
   * an open callback.
   */
  constructor(section, ask, answer) {
    this.#section = section;
    this.#ask = ask;
    this.#answer = answer;
    this.#find("#refresh").addEventListener("click", () => this.show(this.#id));
  }

  hide() {
    this.#id = null;
    this.#section.hidden = true;
  }

  /** Shows the execution with this ID. Hides the section if it is `null`. */
  async show(id) {
    this.hide();
    if (id === null) return;
    this.#id = id;
    this.#section.hidden = false;
    this.#find("#timeline").replaceChildren();
    this.#status("Reading the history…");
    try {
      const { events, next } = await this.#ask(id, null);
      // Another run may have begun since.
      if (this.#id === id) this.#draw(events, next);
    } catch (error) {
      if (this.#id === id) this.#status(`The history cannot be read: ${error.message}`);
    }
  }

  #find(selector) {
    return this.#section.querySelector(selector);
  }

  #status(text) {
    this.#find("#history-status").textContent = text;
  }

  #draw(events, next) {
    const end = events.findLast((event) => event["event-type"] in STATES)?.["event-type"];
    const isOver = end !== undefined && end !== "ExecutionPaused" && end !== "ExecutionResumed";
    const isClosed = (id) => events.some((event) => event["operation-id"] === id && /^Callback(?!Started)/.test(event["event-type"]));
    const began = events[0]?.["at-ms"];
    const items = events.map((event) => {
      const callback = event["event-type"] === "CallbackStarted" && !isOver && !isClosed(event["operation-id"]) ? event : null;
      return this.#item(event, began, callback && JSON.parse(callback.details ?? "{}").CallbackId);
    });
    this.#find("#timeline").replaceChildren(...items);
    const open = items.filter((item) => item.querySelector("button")).length;
    const waits = open > 0 ? ` It waits for ${open === 1 ? "a callback" : `${open} callbacks`}.` : "";
    const more = next === null ? "" : ` These are the first ${events.length} events.`;
    this.#status(`${next === null ? (STATES[end] ?? NOT_ENDED) : ""}${waits}${more}`);
  }

  #item(event, began, callbackId) {
    const type = event["event-type"];
    const kind = GOOD.test(type) ? "good" : BAD.test(type) ? "bad" : "";
    const at = new Date(event["at-ms"]).toISOString();
    const after = element("time", { datetime: at, title: at }, `+${((event["at-ms"] - began) / 1000).toFixed(3)} s`);
    const item = element("li", { class: kind }, after, element("span", { class: "event" }, spaced(type)));
    if (event.name) item.append(element("span", { class: "name" }, event.name));
    if (callbackId) {
      const button = element("button", { type: "button", class: "quiet" }, "Answer");
      button.addEventListener("click", () => this.#answer(this.#id, callbackId));
      item.append(button);
    }
    if (event.details && event.details !== "{}") {
      const text = element("pre", { tabindex: "0" }, indent(event.details));
      item.append(element("details", {}, element("summary", {}, "Details"), text));
    }
    return item;
  }
}

/** `CallbackStarted` as "Callback started". */
function spaced(type) {
  return type.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
