"""The engine under test, and what it does to the local Lambda: runs, requests and executions."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest
from aws_lambda_connector import Client, SucceededCallbackResult

from engine import HERE, Server, until
from recorder import Recorder


class Runs:
    """Reads the counter of `count` without the engine. Reading it runs the function, so those runs are subtracted."""

    def __init__(self):
        self._asked = {}

    def of(self, key):
        answer = Client().invoke("count", json={"key": key})
        self._asked[key] = self._asked.get(key, 0) + 1
        return json.loads(answer.output)["runs"] - self._asked[key]


@pytest.fixture(scope="session")
def runs():
    return Runs()


class Executions:
    """Lists the executions of functions and answers their callbacks, without the engine."""

    def named(self, function, name):
        """The ARNs of all executions with this name."""
        return [execution.arn for execution in Client().executions.iter_executions(function, name=name, oldest_first=True)]

    def approve(self, arn, result):
        """Completes the callback that an execution of `approval` waits for."""
        identifier = until(lambda: self._callback(arn), f"{arn} does not wait for a callback")
        Client().executions.complete_callback(identifier, SucceededCallbackResult(json.dumps(result).encode()))

    def _callback(self, arn):
        events = Client().executions.history(arn).events
        started = [json.loads(event.details) for event in events if event.event_type == "CallbackStarted"]
        return started[0]["CallbackId"] if started else None


@pytest.fixture(scope="session")
def executions():
    return Executions()


@pytest.fixture
def recorder(monkeypatch):
    """Records the requests of servers that start later."""
    recorder = Recorder(os.environ["AWS_ENDPOINT_URL_LAMBDA"])
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", recorder.url)
    yield recorder
    recorder.close()


@pytest.fixture
def sqlite(tmp_path):
    """Starts servers for a deployment file, each with its own database. All are killed at the end."""
    servers = []

    def start(deployment):
        folder = tmp_path / str(len(servers))
        server = Server(folder, f'database.sqlite.directory = "{folder}/database"', deployment)
        servers.append(server)
        return server.start()

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def postgres(monkeypatch):
    """Starts PostgreSQL on a Unix socket, and sets the variables of server-postgres.toml."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="obelisk-postgres-"))
    # PostgreSQL does not run as root.
    as_user = []
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    programs = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda found: int(found.parent.name))

    def run(program, *arguments):
        command = [*as_user, programs / program, "--pgdata", folder / "data", *arguments]
        subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=True)

    run("initdb", "--username", "obelisk", "--auth", "trust", "--no-sync")
    options = f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=200"
    run("pg_ctl", "start", "--wait", "--silent", "--log", folder / "log", "--options", options)
    settings = {"HOST": folder, "USER": "obelisk", "PASSWORD": "", "DATABASE": "obelisk"}
    for name, value in settings.items():
        monkeypatch.setenv(f"POSTGRES_{name}", str(value))
    yield
    run("pg_ctl", "stop", "--mode", "immediate", "--silent")
    shutil.rmtree(folder)


@pytest.fixture
def cluster(postgres, tmp_path):
    """Starts servers for a deployment file, all on the same PostgreSQL. All are killed at the end."""
    servers = []

    def start(deployment, count):
        database = (HERE / "server-postgres.toml").read_text()
        servers.extend(Server(tmp_path / f"server-{number}", database, deployment) for number in range(count))
        return [server.start() for server in servers]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def shipped():
    return HERE / "deployment.toml"


@pytest.fixture
def impatient(tmp_path, shipped):
    """The shipped deployment, but the loss of a server is noticed after seconds instead of minutes."""
    return _variant(tmp_path / "impatient.toml", shipped, r"lock_expiry\.seconds = \d+", "lock_expiry.seconds = 6")


@pytest.fixture
def defaults(tmp_path, shipped):
    """The shipped deployment without the two settings that stop the engine from repeating calls."""
    return _variant(tmp_path / "defaults.toml", shipped, r"\n(max_retries|exec\.lock_expiry\.seconds) = \d+", "", 2)


def _variant(path, shipped, pattern, replacement, count=1):
    text = shipped.read_text().replace("${DEPLOYMENT_DIR}", str(shipped.parent))
    text, replaced = re.subn(pattern, replacement, text)
    assert replaced == count, pattern
    pathlib.Path(path).write_text(text)
    return path
