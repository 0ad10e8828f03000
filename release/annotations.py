"""Prints the metadata of a component or WIT package as OCI annotations, or compares it with a registry.

    annotations.py FILE        prints the annotations
    annotations.py FILE URL    compares them with those of the manifest at the URL, which may lack the commit
"""

import json
import sys
import urllib.request
from pathlib import Path

# Maps the name of a custom section to that of an annotation without its prefix `org.opencontainers.image.`.
NAMES = {name: name for name in ["authors", "description", "licenses", "revision", "source", "version"]}
NAMES["homepage"] = "url"


def number(data, at):
    """Returns an unsigned LEB128 integer, and the offset behind it."""
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
    expected = annotations(Path(file).read_bytes())
    if url is None:
        print("\n".join(f"{name}={value}" for name, value in expected.items()))
        return
    request = urllib.request.Request(url, headers={"Accept": "application/vnd.oci.image.manifest.v1+json"})
    with urllib.request.urlopen(request) as response:
        published = json.load(response)["annotations"]
    published.setdefault("org.opencontainers.image.revision", expected["org.opencontainers.image.revision"])
    if published != expected:
        sys.exit(f"annotations.py: the manifest has {published}, the file has {expected}")


main(*sys.argv[1:])
