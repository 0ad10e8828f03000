"""The licence texts that must go along with a release: those of the crates in the components, from their
packages, and of what else is in the components or the WIT packages, from the toolchain.
"""

import re
import sys
from pathlib import Path

HEAD = """\
What is in the components and the WIT packages of this release, with the licences of each. Where one offers
several (OR), any of them will do. The texts follow, each once.
"""
NAME = re.compile(r"(UN)?LICEN[CS]E|COPYING|NOTICE", re.IGNORECASE)
# What is in no crate: what it is called, its licences, and those of the toolchain's files that say them.
OTHERS = [
    (
        "core, alloc and compiler_builtins of Rust, by The Rust Project Developers (see https://thanks.rust-lang.org)",
        "MIT OR Apache-2.0, parts Apache-2.0 WITH LLVM-exception or Unicode-3.0",
        ["MIT", "Apache-2.0", "LLVM-exception", "Unicode-3.0"],
    ),
    ("the interfaces of WASI", "Apache-2.0 WITH LLVM-exception", ["Apache-2.0", "LLVM-exception"]),
]


def of_crate(package):
    """The texts in the crate's package."""
    folder = Path(package["manifest_path"]).parent
    texts = [file.read_text() for file in sorted(folder.iterdir()) if NAME.match(file.name) and file.is_file()]
    if not texts:
        sys.exit(f"licences.py: {package['name']} {package['version']} comes without the text of its licence")
    return texts


def licences(packages, toolchain):
    """One document for all; `packages` are as cargo's metadata know them, `toolchain` is rustc's folder."""
    entries = [
        (f"{package['name']} {package['version']}", package["license"], of_crate(package))
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
