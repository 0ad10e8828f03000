"""Compiles the component, and keeps the machine code in the user's cache directory.

The file is machine code, which runs outside of the sandbox. A person who may write it may run code
as the user. So its folder belongs to the user and is accessible to this user only, which is checked each time.
The hash in the file detects damage, but not a file that was made to pass.
"""

from __future__ import annotations

import hashlib
import os
import pathlib
import platform
import stat
import sys
import tempfile
from importlib import metadata

from wasmtime import Engine, WasmtimeError
from wasmtime.component import Component

# The compiled component has 2 MiB. A larger file is not read.
_SIZE_LIMIT = 64 << 20
_HASH = hashlib.sha256
_HASH_SIZE = 32


def load(engine: Engine, wasm: bytes) -> tuple[Component, bool]:
    """Returns the component, and whether it had to be compiled."""
    file = _file(wasm)
    if file is not None and (code := _read(file)) is not None:
        try:
            return Component.deserialize(engine, code), False
        except WasmtimeError:
            # Made with other settings or for another processor.
            pass
    component = Component(engine, wasm)
    if file is not None:
        _write(file, bytes(component.serialize()))
    return component, True


def _file(wasm: bytes) -> pathlib.Path | None:
    """The place for the code of this component, or nothing if it must not be kept."""
    folder = os.environ.get("AWS_LAMBDA_CONNECTOR_CACHE")
    if folder == "off":
        return None
    try:
        path = pathlib.Path(folder) if folder else _user_cache() / "aws-lambda-connector" / "python"
    except RuntimeError:
        # The user has no home directory.
        return None
    version = metadata.version("wasmtime")
    return path / f"{version}-{platform.machine()}-{hashlib.sha256(wasm).hexdigest()}.code"


def _user_cache() -> pathlib.Path:
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return pathlib.Path(local) if local else pathlib.Path.home() / "AppData" / "Local"
    if sys.platform == "darwin":
        return pathlib.Path.home() / "Library" / "Caches"
    cache = os.environ.get("XDG_CACHE_HOME", "")
    return pathlib.Path(cache) if os.path.isabs(cache) else pathlib.Path.home() / ".cache"


def _read(file: pathlib.Path) -> bytes | None:
    """The code in the file, if only this user could have written it and no byte has changed."""
    try:
        if not _is_private(file.parent):
            return None
        with open(os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)), "rb") as opened:
            status = os.fstat(opened.fileno())
            if not stat.S_ISREG(status.st_mode) or not _belongs_to_user(status) or status.st_size > _SIZE_LIMIT:
                return None
            content = opened.read(_SIZE_LIMIT)
    except OSError:
        return None
    digest, code = content[:_HASH_SIZE], content[_HASH_SIZE:]
    return code if _HASH(code).digest() == digest else None


def _write(file: pathlib.Path, code: bytes) -> None:
    """Keeps the code if possible. A failure costs the next process the time to compile."""
    temporary = None
    try:
        file.parent.parent.mkdir(parents=True, exist_ok=True)
        file.parent.mkdir(mode=0o700, exist_ok=True)
        if not _is_private(file.parent):
            return
        descriptor, temporary = tempfile.mkstemp(dir=file.parent)
        with open(descriptor, "wb") as opened:
            opened.write(_HASH(code).digest() + code)
        # Another process sees the whole file or none.
        os.replace(temporary, file)
        temporary = None
    except OSError:
        pass
    finally:
        if temporary is not None:
            try:
                os.unlink(temporary)
            except OSError:
                pass


def _is_private(folder: pathlib.Path) -> bool:
    status = os.lstat(folder)
    return stat.S_ISDIR(status.st_mode) and _belongs_to_user(status)


def _belongs_to_user(status: os.stat_result) -> bool:
    # Windows protects the user's profile by access-control lists instead.
    if sys.platform == "win32":
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & 0o077
