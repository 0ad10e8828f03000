"""Runs the reference host's command line as a program does: `lambda-connector … --json`."""

import copy
import json
import os
import pathlib
import subprocess
from dataclasses import dataclass

from peers.process import base_environment

ROOT = pathlib.Path(__file__).parent.parent
COMPONENTS = [ROOT / "target" / name for name in ("aws-lambda-connector.wasm", "aws-lambda-connector-p3.wasm")]
# Linux limits an argument to 128 KiB.
LONGEST_ARGUMENT = 100_000
HOST = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"), "debug/lambda-connector")


@dataclass(frozen=True)
class Keys:
    """The keys of an AWS caller."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


@dataclass(frozen=True)
class CommandResult:
    """The result of one command: its exit code, the JSON document that it printed, and its warnings."""

    exit_code: int
    document: dict
    stderr: str

    def ok(self):
        assert (self.exit_code, list(self.document)) == (0, ["ok"]), self
        return self.document["ok"]

    def text(self):
        """The function's response, which must be text."""
        return self.ok()["output"]["text"]

    def error(self, case):
        """The error's content. The exit code reports whether the function failed."""
        expected_exit = 3 if case == "function-failed" else 1
        assert (self.exit_code, list(self.document)) == (expected_exit, ["error"]), self
        assert list(self.document["error"]) == [case], self
        return self.document["error"][case]


class Connector:
    """One connection: an endpoint, a region and a caller's keys. The command line passes only a signing
    key to the component."""

    def __init__(self, endpoint, keys, home, region="us-east-1", emulator=True, scope="prefer"):
        """If `keys` is `None`, the command line looks for keys in `home`. Local services omit the request
        ID of some responses, so that the endpoint is an emulator by default. With the scope `off`, keys
        lead to no request to STS."""
        self._home = home
        self._where = ["--region", region, "--emulator" if emulator else "--endpoint", endpoint]
        self._where += ["--scope", scope]
        self._environment = base_environment(home)
        if keys is None:
            return
        self._environment["AWS_ACCESS_KEY_ID"] = keys.access_key_id
        self._environment["AWS_SECRET_ACCESS_KEY"] = keys.secret_access_key
        if keys.session_token is not None:
            self._environment["AWS_SESSION_TOKEN"] = keys.session_token

    def as_url(self):
        """The same connection with the endpoint `url` instead of `emulator`."""
        other = copy.copy(self)
        other._where = ["--endpoint" if part == "--emulator" else part for part in self._where]
        return other

    def invoke(self, function, payload=None, **options):
        """`payload` is JSON text, sent unchanged. Options have the names of the command line."""
        if payload is not None and len(payload) > LONGEST_ARGUMENT:
            file = pathlib.Path(self._home, "payload.json")
            file.write_bytes(payload.encode())
            payload, options = None, {**options, "payload_file": str(file)}
        return self._run(["invoke", function, *_arguments(payload=payload, **options)])

    def list_functions(self, **options):
        return self._run(["list", *_arguments(**options)])

    def list_qualifiers(self, function):
        return self._run(["qualifiers", function])

    def _run(self, arguments):
        done = subprocess.run(
            [str(HOST), *arguments, *self._where, "--json"],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
        try:
            return CommandResult(done.returncode, json.loads(done.stdout), done.stderr.decode())
        except ValueError:
            raise AssertionError(
                f"exit code {done.returncode}, stdout is not one JSON document: {done.stdout!r}\n{done.stderr.decode()}"
            ) from None


def print_policy(*arguments):
    """The IAM policy that the command line prints, as JSON text."""
    command = [str(HOST), "policy", *arguments]
    return subprocess.run(command, env={}, stdin=subprocess.DEVNULL, capture_output=True, check=True).stdout.decode()


def _arguments(**options):
    """`log=True` becomes a flag. `None` and `False` are omitted."""
    arguments = []
    for name, value in options.items():
        if value is None or value is False:
            continue
        arguments.append(f"--{name.replace('_', '-')}")
        if value is not True:
            arguments.append(str(value))
    return arguments
