"""Collects the licence texts that a release must contain.

The packages of the crates contain their texts. The toolchain contains those of Rust's libraries and of WASI.
"""

import re
import sys
from pathlib import Path

HEAD = """\
The contents of the components and the WIT packages of this release, with their licences. Where several
licences are offered (OR), you may choose one. Each text appears once below.
"""
NAME = re.compile(r"(UN)?LICEN[CS]E|COPYING|NOTICE", re.IGNORECASE)
# Contents that do not come from a crate: the name, the licences, and the toolchain's files with the texts.
OTHERS = [
    (
        "core, alloc and compiler_builtins of Rust, by The Rust Project Developers (see https://thanks.rust-lang.org)",
        "MIT OR Apache-2.0, parts Apache-2.0 WITH LLVM-exception or Unicode-3.0",
        ["MIT", "Apache-2.0", "LLVM-exception", "Unicode-3.0"],
    ),
    ("the interfaces of WASI", "Apache-2.0 WITH LLVM-exception", ["Apache-2.0", "LLVM-exception"]),
]


def crate_texts(package):
    """Returns the licence texts in the crate's package."""
    folder = Path(package["manifest_path"]).parent
    texts = [file.read_text() for file in sorted(folder.iterdir()) if NAME.match(file.name) and file.is_file()]
    if not texts:
        sys.exit(f"licences.py: {package['name']} {package['version']} does not contain the text of its licence")
    return texts


def licences(packages, toolchain):
    """Returns one document. `packages` come from `cargo metadata`, and `toolchain` is the folder of rustc."""
    entries = [
        (f"{package['name']} {package['version']}", package["license"], crate_texts(package))
        for package in sorted(packages, key=lambda package: (package["name"], package["version"]))
    ]
    folder = toolchain / "share/doc/rust/licenses"
    for name, licence, files in OTHERS:
        entries.append((name, licence, [(folder / f"{file}.txt").read_text() for file in files]))
    users = {}
    for name, _, texts in entries:
        for text in texts:
            users.setdefault(text.rstrip().lstrip("\r\n"), []).append(name)
    parts = [HEAD + "".join(f"\n{name}: {licence}" for name, licence, _ in entries)]
    parts += [f"For {'; '.join(names)}:\n\n{text}" for text, names in users.items()]
    return f"\n\n{'=' * 80}\n".join(parts) + "\n"
