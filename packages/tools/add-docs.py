"""Prints a component with the documentation of its world's functions: add-docs.py WIT-JSON WORLD COMPONENT

WIT-JSON is what `wasm-tools component wit --json` prints. Hosts read the documentation from the custom section
`package-docs`, which describes the component's world under the name that decoders give it: `root`.
"""

import json
import sys
from pathlib import Path

# The format's version, in which each function is an object.
VERSION = b"\1"


def leb128(number):
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


def section(name, data):
    named = leb128(len(name)) + name + data
    return b"\0" + leb128(len(named)) + named


def main(wit, name, component):
    [world] = [world for world in json.loads(Path(wit).read_bytes())["worlds"] if world["name"] == name]
    functions = {export: item["function"] for export, item in world["exports"].items() if "function" in item}
    docs = {export: {"docs": function["docs"]["contents"]} for export, function in functions.items()}
    described = {"worlds": {"root": {"docs": world["docs"]["contents"], "func_exports": docs}}}
    text = json.dumps(described, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    sys.stdout.buffer.write(Path(component).read_bytes() + section(b"package-docs", VERSION + text.encode()))


main(*sys.argv[1:])
