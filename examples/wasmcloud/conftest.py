"""A lattice of two hosts with its own NATS server."""

import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

import pytest

EXAMPLES = pathlib.Path(__file__).parents[1]
sys.path.append(str(EXAMPLES / "python"))
from connector import Connector, from_environment


class Lattice:
    def __init__(self, folder, port):
        self._folder = folder
        self._environment = os.environ | {"NATS_URL": f"nats://127.0.0.1:{port}", "RUST_LOG": "warn"}
        self.hosts = {}

    def add_host(self):
        """Starts a host, and returns its id when it has joined."""
        log = open(self._folder / f"host-{len(self.hosts)}.log", "wb")
        host = subprocess.Popen(
            [os.environ["LATTICE"], "host"], env=self._environment, stdout=subprocess.PIPE, stderr=log, encoding="utf-8"
        )
        name = host.stdout.readline().strip()
        assert name, f"the host did not start, see {log.name}"
        self.hosts[name] = host
        return name

    def start(self, component, *hosts):
        done = self._run("start", component, *hosts)
        assert done.returncode == 0, done.stderr

    def list(self, part):
        done = self._run("list", part)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    def call(self, function, *events, patience_ms=60_000):
        """Invokes concurrently. Returns one outcome for each event."""
        return self.call_with(function, *map(json.dumps, events), patience_ms=patience_ms)

    def call_with(self, function, *payloads, patience_ms=60_000):
        return self.begin(function, *payloads, patience_ms=patience_ms)()

    def begin(self, function, *payloads, patience_ms):
        """Starts the calls. Returns a function that waits for the outcomes."""
        calls = subprocess.Popen(
            [os.environ["LATTICE"], "call", function, *payloads],
            env=self._environment | {"LATTICE_PATIENCE_MS": str(patience_ms)},
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

        def outcomes():
            output, _ = calls.communicate()
            assert calls.returncode == 0
            return [json.loads(line) for line in output.splitlines()]

        return outcomes

    def _run(self, *arguments):
        command = [os.environ["LATTICE"], *arguments]
        return subprocess.run(command, env=self._environment, capture_output=True, encoding="utf-8")


@pytest.fixture(scope="module")
def lattice(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lattice")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    program = shutil.which("nats-server") or "/usr/sbin/nats-server"
    command = [program, "-js", "-a", "127.0.0.1", "-p", str(port), "-sd", str(folder / "nats")]
    with open(folder / "nats.log", "wb") as log:
        nats = subprocess.Popen(command, stdout=log, stderr=log)
    until(lambda: _listens(port), "nats-server did not start")
    lattice = Lattice(folder, port)
    yield lattice
    for process in [*lattice.hosts.values(), nats]:
        process.kill()
        process.wait()


def _listens(port):
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True


def until(condition, otherwise, seconds=60):
    end = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < end, otherwise
        time.sleep(0.05)
    return answer


@pytest.fixture(scope="session")
def runs():
    """How often `count` ran for a key. Reading the counter runs it as well, which is subtracted."""
    connector = Connector(os.environ["CONNECTOR"])
    asked = {}

    def runs(key):
        request = {"function": "count", "payload": json.dumps({"key": key})}
        answer = connector.call("lambda", "invoke", from_environment(), request)
        asked[key] = asked.get(key, 0) + 1
        return json.loads(answer.output)["runs"] - asked[key]

    return runs
