"""The compiled code that processes share."""

import os
import pathlib
import stat
import subprocess
import sys

import pytest

PROGRAM = """
from aws_lambda_connector import Client
client = Client()
assert client.invoke("echo", "7").output == "7"
print(client.code)
"""


@pytest.fixture
def start(tmp_path):
    """Starts a process with a cache directory of its own. Returns whether it compiled or loaded the code."""

    def start(**environment):
        environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)} | environment
        environment.pop("AWS_LAMBDA_CONNECTOR_CACHE", None) if environment.get("AWS_LAMBDA_CONNECTOR_CACHE") == "" else None
        done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, encoding="utf-8")
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.strip()

    return start


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "aws-lambda-connector" / "python"


def only_file(folder):
    (file,) = folder.iterdir()
    return file


def identity(file):
    status = file.stat()
    return status.st_ino, status.st_mtime_ns


def test_second_process_loads_what_the_first_one_compiled(start, folder):
    assert start() == "compiled"
    file = only_file(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = identity(file)
    assert start() == "loaded"
    assert identity(only_file(folder)) == before


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content[:1_000_000] + bytes([content[1_000_000] ^ 1]) + content[1_000_001:],
        lambda content: b"",
        lambda content: b"\0" * len(content),
    ],
    ids=["short", "bit", "empty", "zeros"],
)
def test_damaged_file_is_compiled_again(start, folder, damage):
    assert start() == "compiled"
    file = only_file(folder)
    content = file.read_bytes()
    file.write_bytes(damage(content))
    assert start() == "compiled"
    assert only_file(folder).read_bytes() == content
    assert start() == "loaded"


def test_whole_file_that_is_not_code_is_compiled_again(start, folder):
    import hashlib

    assert start() == "compiled"
    file = only_file(folder)
    file.write_bytes(hashlib.sha256(b"not code").digest() + b"not code")
    assert start() == "compiled"
    assert start() == "loaded"


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o707])
def test_folder_that_others_can_reach_is_not_used(start, folder, mode):
    assert start() == "compiled"
    before = identity(only_file(folder))
    folder.chmod(mode)
    assert start() == "compiled"
    assert identity(only_file(folder)) == before


def test_file_that_others_can_write_is_not_used(start, folder):
    assert start() == "compiled"
    only_file(folder).chmod(0o666)
    assert start() == "compiled"


def test_link_is_not_followed(start, folder, tmp_path):
    assert start() == "compiled"
    file = only_file(folder)
    elsewhere = tmp_path / "code"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)
    assert start() == "compiled"
    assert not only_file(folder).is_symlink()


def test_folder_that_cannot_be_created_costs_only_time(start, tmp_path):
    (tmp_path / "aws-lambda-connector").write_text("a file where the folder belongs")
    assert start() == "compiled"
    assert start() == "compiled"


def test_cache_can_be_switched_off(start, folder):
    assert start(AWS_LAMBDA_CONNECTOR_CACHE="off") == "compiled"
    assert not folder.exists()


def test_cache_can_be_elsewhere(start, folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    assert start(AWS_LAMBDA_CONNECTOR_CACHE=str(elsewhere)) == "compiled"
    assert start(AWS_LAMBDA_CONNECTOR_CACHE=str(elsewhere)) == "loaded"
    assert pathlib.Path(only_file(elsewhere)).suffix == ".code"
    assert not folder.exists()
