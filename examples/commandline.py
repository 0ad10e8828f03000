"""Calls an export of a component with the wasmtime command line, and parses its output."""

import os
import pathlib
import subprocess
import sys

EXAMPLES = pathlib.Path(__file__).parent
sys.path.append(str(EXAMPLES.parent / "e2e"))
from peers import wave
from peers.wave import Case, Word

__all__ = ["Case", "Word", "call", "connection"]


def call(component, function, *arguments):
    """`wave` encodes the arguments. Returns `{"ok": …}` or `{"err": …}`."""
    command = [EXAMPLES / "wasmtime/wasmtime", "run", "-S", "http", "--invoke", wave.call(function, *arguments)]
    done = subprocess.run([*command, component], stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return wave.read(done.stdout)


def connection():
    """The connection that AWS's environment variables describe."""
    key = {"access_key_id": os.environ["AWS_ACCESS_KEY_ID"], "secret_access_key": os.environ["AWS_SECRET_ACCESS_KEY"]}
    if token := os.environ.get("AWS_SESSION_TOKEN"):
        key["session_token"] = token
    described = {"region": os.environ["AWS_REGION"], "credentials": Case(access_key=key)}
    if endpoint := os.environ.get("AWS_ENDPOINT_URL_LAMBDA"):
        described["endpoint"] = Case(url=endpoint)
    return described
