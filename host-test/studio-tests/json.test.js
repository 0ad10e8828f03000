// Splits and indents JSON as text, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";
import { indent, members, object, problem } from "../src/studio/page/json.js";

test("members keep the text of their values", () => {
  const text = ' { "a" : 12345678901234567890123 , "b\\"{":"x,\\\\\\"}]", "c":[1.0,{"d":"]"}],"e":{ },"f":null,"g":-0}';
  assert.deepEqual([...members(text)], [
    ["a", "12345678901234567890123"],
    ['b"{', '"x,\\\\\\"}]"'],
    ["c", '[1.0,{"d":"]"}]'],
    ["e", "{ }"],
    ["f", "null"],
    ["g", "-0"],
  ]);
  assert.deepEqual([...members("{}")], []);
});

test("object is written from JSON texts", () => {
  assert.equal(object([["a\"", "1e400"], ["b", "[ ]"]]), '{"a\\"":1e400,"b":[ ]}');
});

test("indenting changes white space between tokens only", () => {
  const text = '{"a":[1.00,1e400,[],{ }],"b":"{\\"[,:] \\\\","c":{"d":null}}';
  const indented = indent(text);
  assert.equal(indented.split("\n").length, 12);
  assert.match(indented, /\n {4}1\.00,\n {4}1e400,\n {4}\[\],\n {4}\{\}\n/);
  assert.match(indented, /"b": "\{\\"\[,:\] \\\\",/);
  assert.deepEqual(JSON.parse(indented), JSON.parse(text));
  assert.equal(indent(indented), indented);
  for (const scalar of ["1", "null", '"a: {b}"']) assert.equal(indent(` ${scalar} `), scalar);
});

test("problem names its position", () => {
  assert.equal(problem('{"a": 1e400}'), null);
  assert.match(problem("{'a': 1}"), /position 1/);
});
