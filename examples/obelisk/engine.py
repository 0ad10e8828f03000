"""Runs an Obelisk server as a child process, and calls its web API."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).parent
INVOKE = "connectors:aws-lambda/lambda@0.2.0.invoke"
LIST = "connectors:aws-lambda/lambda@0.2.0.list-functions"
WORKFLOW = "example:workflow/steps@0.1.0.run"
DURABLE = "example:workflow/durable@0.1.0.run"


class Server:
    """A server with the settings `database`, lines of server.toml. It can be stopped and started again."""

    def __init__(self, folder, database, deployment=HERE / "deployment.toml"):
        self._folder = pathlib.Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._deployment = deployment
        self._port = _free_port()
        self._config = self._folder / "server.toml"
        caches = f'[wasm]\ncache_directory = "{folder}/wasm"\n[wasm.codegen_cache]\ndirectory = "{folder}/code"\n'
        shipped = (HERE / "server.toml").read_text().replace("127.0.0.1:5005", f"127.0.0.1:{self._port}")
        self._config.write_text("\n".join([shipped, database, caches]))
        self._process = None

    def start(self):
        """Returns when the server accepts executions."""
        with open(self._folder / "log", "ab") as log:
            self._process = subprocess.Popen(
                [os.environ["OBELISK"], "server", "run"]
                + ["--server-config", str(self._config), "--deployment", str(self._deployment)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(self._answers, f"Obelisk did not start, see {self._folder}/log")
        return self

    def stop(self, how=signal.SIGKILL):
        self._process.send_signal(how)
        self._process.wait()

    def submit(self, function, *parameters):
        """Returns the execution's id without waiting for it."""
        status, answer = self._call("POST", "/v1/executions", {"ffqn": function, "params": parameters})
        assert status == 201, answer
        return answer["ok"]

    def result(self, execution):
        """`{"ok": …}`, `{"error": …}` or `{"execution_failure": …}`; `None` while it runs."""
        status, answer = self._call("GET", f"/v1/executions/{execution}")
        assert status in (200, 425), answer
        return answer if status == 200 else None

    def wait(self, execution, seconds=60):
        return until(lambda: self.result(execution), f"{execution} did not end", seconds)

    def run(self, function, *parameters):
        return self.wait(self.submit(function, *parameters))

    def unfinished(self):
        """The number of submitted executions that have not ended, on all servers."""
        status, answer = self._call("GET", "/v1/executions?hide_finished=true&length=10000")
        assert status == 200, answer
        return len(answer)

    def recorded(self, execution):
        """The number of a workflow's calls and waits whose results are recorded and never requested again."""
        status, answer = self._call("GET", f"/v1/executions/{execution}/responses?length=100")
        assert status == 200, answer
        return len(answer["responses"])

    def is_asleep(self, execution):
        """Whether a workflow waits for the end of a sleep, and for no call."""
        status, answer = self._call("GET", f"/v1/executions/{execution}/status")
        assert status == 200, answer
        return answer["pending_state"].get("join_set_id", "").endswith("-sleep")

    def events(self, execution):
        """The kinds of the events that the engine recorded for an execution, oldest first."""
        _, answer = self._call("GET", f"/v1/executions/{execution}/events?length=100")
        return [kind for event in answer["events"] for kind in event["event"]]

    def _answers(self):
        assert self._process.poll() is None, f"Obelisk ended, see {self._folder}/log"
        with contextlib.suppress(OSError):
            return self._call("GET", "/v1/deployment-id")[0] == 200

    def _call(self, method, path, body=None):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Accept": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


def connection():
    """The connection that AWS's environment variables describe, in Obelisk's JSON form of WIT values."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_LAMBDA")
    key = {
        "access_key_id": os.environ["AWS_ACCESS_KEY_ID"],
        "secret_access_key": os.environ["AWS_SECRET_ACCESS_KEY"],
        "session_token": os.environ.get("AWS_SESSION_TOKEN"),
    }
    return {
        "region": os.environ["AWS_REGION"],
        "credentials": {"access_key": key},
        "endpoint": {"url": endpoint} if endpoint else None,
    }


def request(function, payload=None, **delivery):
    """An `invoke-request`. Obelisk reads an omitted field of an optional type as `none`."""
    payload = None if payload is None else json.dumps(payload)
    return {"function": function, "payload": payload, "delivery": delivery}


def step(function, payload=None, idempotent=False, after_ms=0):
    payload = None if payload is None else json.dumps(payload)
    return {"function": function, "payload": payload, "idempotent": idempotent, "after_ms": after_ms}


def durable(function, payload, name, first_ms=200, longest_ms=1_000):
    """The parameters of `DURABLE` after the connection."""
    start = {"function": function, "payload": json.dumps(payload), "name": name}
    return start, {"first_ms": first_ms, "longest_ms": longest_ms}


def until(condition, otherwise, seconds=60):
    """Polls the condition until it is true, and returns its value."""
    end = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < end, otherwise
        time.sleep(0.05)
    return answer


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
