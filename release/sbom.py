"""Lists the contents of files as CycloneDX, and their licences.

    sbom.py SOURCES TIME FILE CRATE FEATURES TARGET [FILE CRATE FEATURES TARGET…]

Writes a list NAME.cdx.json for each FILE. Its component was built from the crate in the folder CRATE of SOURCES. FEATURES
are those of cargo, separated by commas. TARGET is the folder in SOURCES where a profile of cargo has its output. The crate
`.` is the connector. A file from another crate also contains the first connector, that for WASI 0.2. LICENSES.txt beside
the first file has the licences of all.

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

TARGET = "wasm32-unknown-unknown"
LINE = re.compile(r"(?P<depth>\d+)(?P<name>\S+) v(?P<version>\S+)")


def output(sources, *command):
    return subprocess.run(command, cwd=sources, check=True, stdout=subprocess.PIPE, text=True).stdout


def tree(folder, package, features, edges):
    """Maps each crate, as (name, version), to the crates that it needs."""
    lines = output(folder, "cargo", "tree", "--locked", "--package", package, "--features", features, "--target", TARGET,
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


class Build:
    """A crate that was compiled for WebAssembly: what it needs, and what of that is inside."""

    def __init__(self, sources, crate, features):
        place = sources / crate
        platforms = [TARGET, output(place, "rustc", "--print", "host-tuple").strip()]
        metadata = json.loads(
            output(place, "cargo", "metadata", "--locked", "--format-version", "1", "--all-features",
                   *(f"--filter-platform={platform}" for platform in platforms))  # fmt: skip
        )
        self.packages = {(package["name"], package["version"]): package for package in metadata["packages"]}
        lock = tomllib.loads((place / "Cargo.lock").read_text())
        self.checksums = {
            (package["name"], package["version"]): package["checksum"]
            for package in lock["package"]
            if "checksum" in package
        }
        name = tomllib.loads((place / "Cargo.toml").read_text())["package"]["name"]
        self.needs = tree(place, name, features, "normal")
        self.inside = tree(place, name, features, "normal,no-proc-macro").keys()
        self.root = next(crate for crate in self.needs if crate[0] == name)
        # The licence of the project's crates is at the top of the repository.
        top = sources / "Cargo.toml"
        licence = tomllib.loads(top.read_text())["workspace"]["package"]["license"]
        self.packages[self.root] |= {"manifest_path": str(top), "license": licence}


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


def bom(sources, time, file, builds):
    """Writes the list of a file that consists of these builds. The first one is the file's own."""
    root = builds[0].root
    needs, inside = {}, set()
    for build in builds:
        inside |= build.inside
        for crate, needed in build.needs.items():
            needs[crate] = needs.get(crate, set()) | needed
    needs[root] = needs[root] | {build.root for build in builds[1:]}
    packages = {crate: package for build in builds for crate, package in build.packages.items()}
    checksums = {crate: checksum for build in builds for crate, checksum in build.checksums.items()}

    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    described = {root: describe(packages[root], kind=ComponentType.APPLICATION, hashes=[sha256(digest)])}
    described[root].name = file.stem
    for build in builds[1:]:
        described[build.root] = describe(packages[build.root], ComponentScope.REQUIRED)
    for name, version in needs.keys() - described.keys():
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
    file.with_suffix(".cdx.json").write_text(text)


def check(builds, folder):
    """Checks that the crates of these builds are those that were compiled in the folder."""
    compiled = {re.match(r"lib(.+?)(-[0-9a-f]{16})?\.rlib", file.name)[1] for file in folder.glob("*.rlib")}
    # The crate itself is compiled to a module, not to a library.
    expected = {name.replace("-", "_") for build in builds for name, version in build.inside - {build.root}}
    if compiled != expected:
        sys.exit(
            f"sbom.py: compiled in {folder}, but not listed: {compiled - expected}; "
            f"listed, but not compiled: {expected - compiled}"
        )


def main(sources, time, *files):
    sources = Path(sources)
    time = datetime.fromtimestamp(int(time), UTC)
    builds, targets = [], {}
    for file, crate, features, target in zip(*(files[column::4] for column in range(4)), strict=True):
        build = Build(sources, crate, features)
        builds.append(build)
        targets.setdefault(target, []).append(build)
        bom(sources, time, Path(file), [build] if crate == "." else [build, builds[0]])
    for target, compiled in targets.items():
        check(compiled, sources / target / "deps")

    inside = {crate: build.packages[crate] for build in builds for crate in build.inside}
    toolchain = Path(output(sources, "rustc", "--print", "sysroot").strip())
    Path(files[0]).with_name("LICENSES.txt").write_text(licences(inside.values(), toolchain))


main(*sys.argv[1:])
