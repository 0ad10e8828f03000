"""Runs wash with the step and the connector: `wash dev` for one machine, `wash host` for a cluster.

As a program, it becomes `wash dev`: wash.py PORT ORIGIN [--p3].
"""

import asyncio
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import nats

HERE = pathlib.Path(__file__).parent
TARGET = HERE.parents[1] / "target"
STEPS = {"0.2": TARGET / "examples/wasmcloud-step.wasm", "0.3": TARGET / "examples/wasmcloud-step-p3.wasm"}
CONNECTORS = {"0.2": TARGET / "aws-lambda-connector.wasm", "0.3": TARGET / "aws-lambda-connector-p3.wasm"}
# What the step answers to a request that names no card, once wash routes to it.
READY = {"error": "POST /run/CARD runs a card"}
TIMEOUTS = dict(re.findall(r'(WASH_\w+_SECS): "(\d+)"', (HERE / ".wash/config.yaml").read_text()))


class Lost(Exception):
    """The connection ended before the response did."""


class Step:
    """The step behind an address. `name` is the host name by which `wash host` finds the workload."""

    def __init__(self, address, name=None):
        self.address = address
        self._headers = {"Host": name} if name else {}

    def request(self, method, path, body=None, seconds=90):
        """Returns the status and the body as it is."""
        connection = http.client.HTTPConnection(self.address, timeout=seconds)
        try:
            connection.request(method, path, body, self._headers)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Lost(repr(error)) from error
        finally:
            connection.close()

    def run(self, card, values, connection=None):
        """Runs a card. Returns `{"ok": …}` or `{"err": …}`."""
        status, answer = self.request_card(card, values, connection)
        assert status == 200, (status, answer)
        return answer

    def request_card(self, card, values, connection=None):
        """Returns the status, and the answer of the step if there is one."""
        body = json.dumps({"connection": connection or account(), "values": values}, ensure_ascii=False)
        status, answer = self.request("POST", f"/run/{card}", body.encode())
        try:
            return status, json.loads(answer)
        except ValueError:
            return status, None

    def invoke(self, function, payload, connection=None, **rest):
        values = {"useFunctionName": "Yes", "functionName": function, "payload": payload, **rest}
        return self.run("invoke", values, connection)

    def is_ready(self):
        try:
            status, answer = self.request("GET", "/", seconds=5)
            return status == 404 and json.loads(answer) == READY
        except (Lost, ValueError):
            return False


def account():
    """The connection that AWS's environment variables describe."""
    return {
        "region": os.environ["AWS_REGION"],
        "accessKeyId": os.environ["AWS_ACCESS_KEY_ID"],
        "secretAccessKey": os.environ["AWS_SECRET_ACCESS_KEY"],
        "endpoint": os.environ["AWS_ENDPOINT_URL_LAMBDA"],
    }


class Process:
    """A program whose log goes to a file."""

    def __init__(self, folder, name, command, environment=None):
        folder.mkdir(parents=True, exist_ok=True)
        self.name, self._log = name, folder / f"{name}.log"
        # Without the user's own configuration and cache.
        home = {f"XDG_{kind}_HOME": str(folder / "xdg") for kind in ("CONFIG", "CACHE", "DATA")}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, env=os.environ | home | (environment or {}), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def logged(self, pattern):
        """Waits for a line of the log, and returns the first group of the pattern."""

        def find():
            assert self._process.poll() is None, f"{self.name} ended:\n{self.tail()}"
            return re.search(pattern, self._log.read_text(errors="replace"))

        return until(find, lambda: f"{self.name} did not log {pattern}:\n{self.tail()}").group(1)

    def tail(self):
        return self._log.read_text(errors="replace")[-4000:]

    def kill(self):
        self._process.kill()
        self._process.wait()


def until(condition, otherwise, seconds=60):
    """Waits until the condition returns something true, and returns that."""
    end = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < end, otherwise() if callable(otherwise) else otherwise
        time.sleep(0.05)
    return answer


def configuration(origins, *, step, connector, port=0, timeouts=True, step_origins=()):
    """The shipped configuration with other files, destinations and address. Without connector, the step has it inside."""
    text = (HERE / ".wash/config.yaml").read_text()

    def replace(pattern, replacement):
        nonlocal text
        text, replaced = re.subn(pattern, lambda _: replacement, text)
        assert replaced == 1, pattern

    replace(r"\./build", '"true"')
    replace(r"\.\./\.\./target/examples/wasmcloud-step\.wasm", str(step))
    replace(r"127\.0\.0\.1:8000", f"127.0.0.1:{port}")
    if step_origins:
        replace(r"allowedHosts: \[\]", f"allowedHosts: {json.dumps(list(step_origins))}")
    replace(r"allowedHosts:\n( +[-#] .*\n)+", f"allowedHosts: {json.dumps(list(origins))}\n")
    if connector:
        replace(r"\.\./\.\./target/aws-lambda-connector\.wasm", str(connector))
    else:
        replace(r"  components:\n(    .*\n)+", "")
    if not timeouts:
        replace(r"  environment:\n(    .*\n)+", "")
    return text


def project(folder, configuration):
    """Writes a project folder for `wash dev`, and returns the command that serves it."""
    (folder / ".wash").mkdir(parents=True, exist_ok=True)
    (folder / ".wash/config.yaml").write_text(configuration)
    return [os.environ["WASH"], "--non-interactive", "-C", str(folder), "dev"]


class Dev(Process):
    """`wash dev` with its own configuration. `step` is ready."""

    def __init__(self, folder, configuration):
        super().__init__(folder, "wash-dev", project(folder / "project", configuration))
        self.step = Step(self.logged(r"HTTP server listening addr=([\d.:]+)"))
        until(self.step.is_ready, lambda: f"the step is not ready:\n{self.tail()}")


class Cluster:
    """NATS, a registry of images with both components, and hosts. `wash host` is what the Kubernetes operator runs."""

    def __init__(self, folder):
        self._folder = folder
        self.processes = []
        nats_server = shutil.which("nats-server") or "/usr/sbin/nats-server"
        server = self._start(Process(folder, "nats-server", [nats_server, "-a", "127.0.0.1", "-p", "-1"]))
        self._nats = "nats://" + server.logged(r"client connections on ([\d.:]+)")
        settings = {
            "version": 0.1,
            "storage": {"filesystem": {"rootdirectory": str(folder / "registry")}},
            "http": {"addr": "127.0.0.1:0"},
        }
        (folder / "registry.yml").write_text(json.dumps(settings))
        registry = self._start(
            Process(folder, "docker-registry", ["docker-registry", "serve", str(folder / "registry.yml")])
        )
        self._registry = registry.logged(r"listening on ([\d.:]+)")

    def _start(self, process):
        self.processes.append(process)
        return process

    def push(self, name, file):
        """Pushes a component, and returns the image's reference."""
        reference = f"{self._registry}/example/{name}:0.1.0"
        command = [os.environ["WASH"], "oci", "push", "--insecure", reference, str(file)]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stderr
        return reference

    def add_host(self, environment=TIMEOUTS):
        number = len(self.processes)
        command = [
            *(os.environ["WASH"], "--non-interactive", "host"),
            *("--scheduler-nats-url", self._nats, "--data-nats-url", self._nats),
            *("--http-addr", "127.0.0.1:0", "--allow-insecure-registries"),
            *("--oci-cache-dir", str(self._folder / f"oci-{number}"), "--default-heap-memory", "64MiB"),
        ]
        host = self._start(Process(self._folder / f"host-{number}", "wash-host", command, environment))
        host.id = host.logged(r'host_id="([^"]+)"')
        host.address = host.logged(r"HTTP server listening addr=([\d.:]+)")
        return host

    def start(self, host, workload):
        """Starts a workload, as `runtime.host.ID.workload.start` expects it, and returns its step when it is ready."""
        asyncio.run(self._request(f"runtime.host.{host.id}.workload.start", workload))
        interface = workload["workload"]["witWorld"]["hostInterfaces"][0]
        step = Step(host.address, interface["config"]["host"])
        until(step.is_ready, lambda: f"the step is not ready:\n{host.tail()}")
        return step

    async def _request(self, subject, message):
        client = await nats.connect(self._nats)
        try:
            reply = await client.request(subject, json.dumps(message).encode(), timeout=60)
        finally:
            await client.close()
        status = json.loads(reply.data)["workloadStatus"]
        assert status["workloadState"] == "WORKLOAD_STATE_RUNNING", status

    def close(self):
        for process in reversed(self.processes):
            process.kill()


def workload(name, wasi, step, connector, origins):
    """The request that starts the step and the connector. Only the connector may reach the origins."""
    components = [
        {"name": "aws-lambda-connector", "image": connector, "localResources": {"allowedHosts": list(origins)}},
        {"name": "step", "image": step, "localResources": {"allowedHosts": []}},
    ]
    interface = {
        "namespace": "wasi",
        "package": "http",
        "interfaces": ["incoming-handler" if wasi == "0.2" else "handler"],
        "config": {"host": name},
    }
    return {
        "workloadId": name,
        "workload": {
            "namespace": "example",
            "name": name,
            "witWorld": {"components": components, "hostInterfaces": [interface]},
        },
    }


def main(port, origin, *options):
    wasi = "0.3" if "--p3" in options else "0.2"
    folder = TARGET / f"examples/wash-dev-{port}"
    text = configuration([origin], step=STEPS[wasi], connector=CONNECTORS[wasi], port=port)
    command = project(folder, text)
    os.execv(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
