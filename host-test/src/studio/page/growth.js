// The response of a run while it grows. It is not the result: only the reply shows how the run ended.

import { element } from "./controls.js";

/** Reads lines of JSON for `step` up to an empty line. Returns the text after it, or "" without one. */
export async function read(body, step) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let isReply = false;
  /** The pieces of the last line, or of the reply. */
  let pieces = [];
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return isReply ? pieces.join("") : "";
    let rest = value;
    while (!isReply && rest.includes("\n")) {
      const end = rest.indexOf("\n");
      const line = pieces.join("") + rest.slice(0, end);
      rest = rest.slice(end + 1);
      pieces = [];
      if (line === "") isReply = true;
      else step(JSON.parse(line));
    }
    pieces.push(rest);
  }
}

/** Shows a response that grows. */
export class Growth {
  element = element("section", { class: "growth", "aria-label": "Received" });
  #count = element("p", { class: "muted" });
  #text = element("pre", { tabindex: "0", hidden: true });
  // The server cuts between bytes, so a piece may end inside a character. `null` if it is not text.
  #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #shown = 0;

  /** Adds the bytes of a step. */
  add({ received, bytes }) {
    const piece = Uint8Array.from(atob(bytes), (byte) => byte.charCodeAt(0));
    this.#shown += piece.length;
    const more = this.#decode(piece);
    if (more) {
      this.#text.append(more);
      this.#text.hidden = false;
    }
    this.#count.textContent = this.#counted(received);
    if (!this.element.hasChildNodes()) this.element.append(this.#count, this.#text);
  }

  #decode(piece) {
    try {
      return this.#decoder?.decode(piece, { stream: true });
    } catch {
      this.#decoder = null;
      this.#text.replaceChildren();
      this.#text.hidden = true;
      return "";
    }
  }

  #counted(received) {
    const count = (bytes) => `${bytes.toLocaleString("en")} ${bytes === 1 ? "byte" : "bytes"}`;
    const parts = [`${count(received)} received.`];
    if (this.#decoder === null) parts.push("The response is not text, so it is not shown.");
    else if (received > this.#shown) parts.push(`Only the first ${count(this.#shown)} are shown here.`);
    return parts.join(" ");
  }
}
