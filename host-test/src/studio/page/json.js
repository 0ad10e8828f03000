// JSON as text. Numbers of any size, their spelling and the order of keys must survive. Values from
// and for the user are therefore split and indented as text, never parsed and serialized.

/** The error in a JSON text, or null. */
export function problem(text) {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return error.message.replace(/^JSON\.parse: /, "");
  }
}

/** The index after the string that begins at `start`. */
function endOfString(text, start) {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

/** The index after the value that begins at `start`, in valid JSON. */
function endOfValue(text, start) {
  if (text[start] === '"') return endOfString(text, start);
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const c = text[at];
    if (c === '"') at = endOfString(text, at) - 1;
    else if (c === "{" || c === "[") depth++;
    else if (c === "}" || c === "]") {
      if (depth === 0) return at;
      if (--depth === 0) return at + 1;
    } else if (depth === 0 && (c === "," || /\s/.test(c))) return at;
  }
  return text.length;
}

/** The members of an object in valid JSON: a Map from the key to the text of the value. */
export function members(text) {
  const found = new Map();
  let at = text.indexOf("{") + 1;
  for (;;) {
    const key = text.indexOf('"', at);
    if (key < 0) return found;
    const colon = text.indexOf(":", endOfString(text, key));
    const start = colon + 1 + text.slice(colon + 1).search(/\S/);
    const end = endOfValue(text, start);
    found.set(JSON.parse(text.slice(key, endOfString(text, key))), text.slice(start, end));
    at = end;
  }
}

/** The text of an object, from pairs of a key and the text of its value. */
export function object(pairs) {
  return `{${pairs.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(",")}}`;
}

/** Indents valid JSON; strings and numbers keep their spelling. */
export function indent(text) {
  let out = "";
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  for (let at = 0; at < text.length; at++) {
    const c = text[at];
    if (c === '"') {
      const end = endOfString(text, at);
      out += text.slice(at, end);
      at = end - 1;
    } else if (c === "{" || c === "[") {
      const rest = /^\s*[}\]]/.exec(text.slice(at + 1, at + 200));
      if (rest) {
        out += c + rest[0].trim();
        at += rest[0].length;
      } else {
        depth++;
        out += c + line();
      }
    } else if (c === "}" || c === "]") {
      depth--;
      out += line() + c;
    } else if (c === ",") out += c + line();
    else if (c === ":") out += ": ";
    else if (!/\s/.test(c)) out += c;
  }
  return out;
}
