"""Lists the contents of components as CycloneDX, and their licences.

    sbom.py SOURCES TIME FILE FEATURES [FILE FEATURES…]

Writes FILE.cdx.json for each component FILE.wasm that was built in the folder SOURCES. LICENSES.txt beside the
first one has the licences of all. FEATURES are those of cargo, separated by commas.

Cargo lists the crates. They must be those that were compiled for WebAssembly in that folder.
"""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
import uuid
from datetime import UTC, datetime
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.contact import OrganizationalContact
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from licences import licences
from packageurl import PackageURL

PACKAGE = "aws-lambda-connector"
TARGET = "wasm32-unknown-unknown"
LINE = re.compile(r"(?P<depth>\d+)(?P<name>\S+) v(?P<version>\S+)")


def output(sources, *command):
    return subprocess.run(command, cwd=sources, check=True, stdout=subprocess.PIPE, text=True).stdout


def tree(sources, features, edges):
    """Maps each crate, as (name, version), to the crates that it needs."""
    lines = output(sources, "cargo", "tree", "--locked", "--package", PACKAGE, "--features", features, "--target", TARGET,
                  "--edges", edges, "--prefix", "depth", "--no-dedupe")  # fmt: skip
    needs, path = {}, []
    for line in lines.splitlines():
        match = LINE.match(line)
        crate = (match["name"], match["version"])
        del path[int(match["depth"]) :]
        if path:
            needs[path[-1]].add(crate)
        needs.setdefault(crate, set())
        path.append(crate)
    return needs


def sha256(digest):
    return HashType(alg=HashAlgorithm.SHA_256, content=digest)


def contact(author):
    """Parses an author in cargo's form, `Name <address>`."""
    name, _, address = author.partition(" <")
    return OrganizationalContact(name=name, email=address.rstrip(">") or None)


def describe(package, scope=None, kind=ComponentType.LIBRARY, **more):
    """Returns a CycloneDX component with the crate's metadata from cargo."""
    references = [
        ExternalReference(type=kind, url=XsUri(package[key]))
        for key, kind in [
            ("repository", ExternalReferenceType.VCS),
            ("homepage", ExternalReferenceType.WEBSITE),
            ("documentation", ExternalReferenceType.DOCUMENTATION),
        ]
        if package[key]
    ]
    # Older manifests use a slash for OR.
    licence = LicenseFactory().make_from_string(package["license"].replace("/", " OR "))
    return Component(
        name=package["name"],
        version=package["version"],
        type=kind,
        scope=scope,
        bom_ref=f"{package['name']}@{package['version']}",
        description=(package["description"] or "").strip() or None,
        authors=[contact(author) for author in package["authors"]],
        licenses=[licence],
        external_references=references,
        **more,
    )


def bom(sources, time, wasm, features, packages, checksums):
    inside = tree(sources, features, "normal,no-proc-macro")
    needs = tree(sources, features, "normal")
    digest = hashlib.sha256(wasm.read_bytes()).hexdigest()
    root = next(crate for crate in needs if crate[0] == PACKAGE)
    described = {root: describe(packages[root], kind=ComponentType.APPLICATION, hashes=[sha256(digest)])}
    described[root].name = wasm.stem
    for name, version in needs.keys() - {root}:
        # Macros and what they need ran in the compiler and are not in the file.
        scope = ComponentScope.REQUIRED if (name, version) in inside else ComponentScope.EXCLUDED
        described[name, version] = describe(
            packages[name, version],
            scope,
            hashes=[sha256(checksums[name, version])],
            purl=PackageURL("cargo", name=name, version=version),
        )

    result = Bom(serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"sha256:{digest}"))
    result.metadata.timestamp = time
    result.metadata.component = described[root]
    rustc = output(sources, "rustc", "--version").split()[1]
    result.metadata.tools = ToolRepository(
        components=[Component(name="rustc", version=rustc, type=ComponentType.APPLICATION)]
    )
    result.components = [component for crate, component in described.items() if crate != root]
    for crate, needed in needs.items():
        result.register_dependency(described[crate], [described[other] for other in needed])

    text = JsonV1Dot6(result).output_as_string(indent=2) + "\n"
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        sys.exit(f"sbom.py: the list is not valid CycloneDX: {error}")
    wasm.with_suffix(".cdx.json").write_text(text)
    return inside.keys()


def main(sources, time, *components):
    sources = Path(sources)
    time = datetime.fromtimestamp(int(time), UTC)
    platforms = [TARGET, output(sources, "rustc", "--print", "host-tuple").strip()]
    metadata = json.loads(
        output(sources, "cargo", "metadata", "--locked", "--format-version", "1", "--all-features",
               *(f"--filter-platform={platform}" for platform in platforms))  # fmt: skip
    )
    packages = {(package["name"], package["version"]): package for package in metadata["packages"]}
    lock = tomllib.loads((sources / "Cargo.lock").read_text())
    checksums = {
        (package["name"], package["version"]): package["checksum"]
        for package in lock["package"]
        if "checksum" in package
    }
    listed = set()
    for file, features in zip(components[::2], components[1::2], strict=True):
        listed |= bom(sources, time, Path(file).with_suffix(".wasm"), features, packages, checksums)

    folder = sources / "target/component" / TARGET / "component/deps"
    compiled = {re.match(r"lib(.+?)(-[0-9a-f]{16})?\.rlib", file.name)[1] for file in folder.glob("*.rlib")}
    # The connector itself is compiled to the module, not to a library.
    expected = {name.replace("-", "_") for name, _ in listed} - {PACKAGE.replace("-", "_")}
    if compiled != expected:
        sys.exit(
            f"sbom.py: compiled, but not listed: {compiled - expected}; "
            f"listed, but not compiled: {expected - compiled}"
        )

    toolchain = Path(output(sources, "rustc", "--print", "sysroot").strip())
    texts = licences([packages[crate] for crate in listed], toolchain)
    Path(components[0]).with_name("LICENSES.txt").write_text(texts)


main(*sys.argv[1:])
