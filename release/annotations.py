"""annotations.py FILE: prints what a component or WIT package says about itself, as OCI annotations.
annotations.py FILE URL: compares that with the manifest at the address, which may leave the commit out.
"""

import json
import sys
import urllib.request
from pathlib import Path

# Of a custom section to that of an annotation, behind `org.opencontainers.image.`.
NAMES = {name: name for name in ["authors", "description", "licenses", "revision", "source", "version"]}
NAMES["homepage"] = "url"


def number(data, at):
    """An unsigned LEB128, and where it ends."""
    value, shift = 0, 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at


def annotations(data):
    found, at = {}, 8
    while at < len(data):
        section = data[at]
        size, start = number(data, at + 1)
        at = start + size
        if section == 0:
            length, start = number(data, start)
            name = data[start : start + length].decode()
            if name in NAMES:
                found[f"org.opencontainers.image.{NAMES[name]}"] = data[start + length : at].decode()
    return found


def main(file, url=None):
    said = annotations(Path(file).read_bytes())
    if url is None:
        print("\n".join(f"{name}={value}" for name, value in said.items()))
        return
    request = urllib.request.Request(url, headers={"Accept": "application/vnd.oci.image.manifest.v1+json"})
    with urllib.request.urlopen(request) as answer:
        there = json.load(answer)["annotations"]
    there.setdefault("org.opencontainers.image.revision", said["org.opencontainers.image.revision"])
    if there != said:
        sys.exit(f"annotations.py: the manifest says {there}, the file {said}")


main(*sys.argv[1:])
