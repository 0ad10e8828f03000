"""Writes and reads WAVE, the text form of component values on wasmtime's command line.

Reading returns the shape that the reference host prints as JSON. A record is a dict, a variant's case
with content is a dict of one key, an enum's case is its name, `none` is None and `some(x)` is x. There
is one difference: wasmtime omits fields that are `none`, so the dict does not contain them.
"""

import re


class Case(dict):
    """A variant's case with its content, as in `Case(url="http://…")`; a record is a plain dict."""


class Word(str):
    """An enum's case, or a variant's case without content: written bare, not as a string."""


def write(value):
    """Option fields may be omitted for `none`, and their values do not need `some`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Word):
        return str(value)
    if isinstance(value, str):
        return '"' + "".join(_escape(character) for character in value) + '"'
    if isinstance(value, list):
        return "[" + ", ".join(write(item) for item in value) + "]"
    if isinstance(value, Case):
        [(name, content)] = value.items()
        return f"{_wit(name)}({write(content)})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_wit(name)}: {write(item)}" for name, item in value.items()) + "}"
    raise TypeError(f"no WAVE form for {value!r}")


def call(function, *arguments):
    """The argument of `wasmtime run --invoke`."""
    return f"{function}({', '.join(write(argument) for argument in arguments)})"


def _wit(name):
    return name.replace("_", "-")


def _escape(character):
    if character in '\\"':
        return "\\" + character
    if ord(character) < 0x20 or ord(character) == 0x7F:
        return f"\\u{{{ord(character):x}}}"
    return character


_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*")
          |(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
          |(?P<word>%?[A-Za-z][A-Za-z0-9-]*)
          |(?P<mark>[{}\[\](),:]))\s*""",
    re.VERBOSE,
)
_STRING_PART = re.compile(r"\\(?:u\{([0-9a-fA-F]+)\}|(.))|([^\\]+)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_WORDS = {"true": True, "false": False, "none": None}


def read(text):
    """Parses exactly one value."""
    tokens = _tokens(text)
    value = _value(tokens)
    if tokens:
        raise ValueError(f"unexpected token after the value: {tokens[-1]!r}")
    return value


def _tokens(text):
    """Returns the tokens in reverse order, so that `pop` returns the next one."""
    tokens, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"not WAVE: {text[at : at + 40]!r}")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return tokens[::-1]


def _value(tokens):
    kind, token = tokens.pop()
    if kind == "string":
        return "".join(_unescape(part) for part in _STRING_PART.finditer(token[1:-1]))
    if kind == "number":
        return float(token) if re.search("[.eE]", token) else int(token)
    if kind == "word":
        name = token.lstrip("%")
        if tokens and tokens[-1] == ("mark", "("):
            [content] = _items(tokens, ")", _value)
            return content if name == "some" else {name: content}
        # A `%` marks a name that would otherwise be a keyword.
        return name if token != name else _WORDS.get(name, name)
    tokens.append((kind, token))
    if token == "[":
        return _items(tokens, "]", _value)
    if token == "{":
        return dict(_items(tokens, "}", _field))
    raise ValueError(f"a value cannot begin with {token!r}")


def _items(tokens, end, item):
    """Parses a comma-separated list. The next token is its opening mark, and `end` closes it."""
    tokens.pop()
    items = []
    while tokens and tokens[-1] != ("mark", end):
        items.append(item(tokens))
        if tokens and tokens[-1] == ("mark", ","):
            tokens.pop()
    _expect(tokens, end)
    return items


def _field(tokens):
    name = tokens.pop()[1].lstrip("%")
    _expect(tokens, ":")
    return name, _value(tokens)


def _expect(tokens, mark):
    if not tokens or tokens.pop() != ("mark", mark):
        raise ValueError(f"{mark!r} is missing")


def _unescape(part):
    code, letter, plain = part.groups()
    if code:
        return chr(int(code, 16))
    return plain or _ESCAPES.get(letter, letter)
