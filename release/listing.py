"""Writes what registries and marketplaces list: wasm.toml, describe.json and the outbound policies.

    listing.py SOURCES LIST FOLDER

SOURCES is the folder that the component was built in, LIST the list of the files that were built, and FOLDER the
place of the files of the release.

`component registry publish` reads wasm.toml and proposes the component to wasm.directory. The fields are those of
https://github.com/yoshuawuyts/wasm.directory, crates/component-manifest/src/package.rs.
"""

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

PACKAGE = "aws-lambda-connector"


def cargo_package(sources):
    command = ["cargo", "metadata", "--locked", "--no-deps", "--format-version", "1"]
    metadata = json.loads(subprocess.run(command, cwd=sources, check=True, stdout=subprocess.PIPE).stdout)
    return next(package for package in metadata["packages"] if package["name"] == PACKAGE)


def published(files):
    """Returns the file and the name of the first component, for WASI 0.2."""
    for line in files.read_text().splitlines():
        kind, file, name, *_ = line.split()
        if kind == "component":
            return file, name.partition("@")[0]
    sys.exit(f"listing.py: {files} lists no component")


def wasm_toml(package, file, name):
    fields = {
        "name": name,
        "version": package["version"],
        "kind": "component",
        "registry": package["metadata"]["release"]["registry"],
        # The place in the registry, and not that of the source.
        "repository": name.replace(":", "/"),
        "file": file,
        "description": package["description"],
        "source": package["repository"],
        "license": package["license"],
        "authors": package["authors"],
    }
    # JSON's strings and arrays are TOML's.
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in fields.items()]
    text = "".join(["[package]\n", *lines])
    if tomllib.loads(text) != {"package": fields}:
        sys.exit("listing.py: a field of Cargo.toml cannot be written to wasm.toml")
    return text


def main(sources, files, folder):
    sources, folder = Path(sources), Path(folder)
    (folder / "wasm.toml").write_text(wasm_toml(cargo_package(sources), *published(Path(files))))
    shutil.copyfile(sources / "host-test/tests/describe.json", folder / "describe.json")
    for policy in sorted((sources / "examples/policies").iterdir()):
        shutil.copyfile(policy, folder / f"policy-{policy.name}")


main(*sys.argv[1:])
