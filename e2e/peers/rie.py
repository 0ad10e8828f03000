"""AWS's runtime interface emulator, which runs one function named `function`.

The binary comes from the package aws-sam-cli (Apache-2.0). The rest of that package is not used.
"""

import contextlib
import importlib.metadata
import pathlib
import platform
import sys

from peers.process import base_environment, free_port, server

FUNCTIONS = pathlib.Path(__file__).parent.parent / "functions"
# The emulator's timeout, in seconds. No function here is slow.
TIMEOUT = "60"


@contextlib.contextmanager
def running(folder, runtime, variables=None):
    """Runs Python with the arguments `runtime`, which implement the runtime API, and the environment variables
    `variables`. Yields the endpoint."""
    port, runtime_port = free_port(), free_port()
    environment = base_environment(folder) | {
        "AWS_LAMBDA_FUNCTION_NAME": "function",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": TIMEOUT,
        "PYTHONPATH": str(FUNCTIONS),
        **(variables or {}),
    }
    command = [
        _binary(),
        "--runtime-interface-emulator-address",
        f"127.0.0.1:{port}",
        "--runtime-api-address",
        f"127.0.0.1:{runtime_port}",
        sys.executable,
        *runtime,
    ]
    with server(command, environment, port, folder):
        yield f"http://127.0.0.1:{port}"


def handler(name):
    """A handler of `functions/` in AWS's Python runtime."""
    return ["-m", "awslambdaric", f"{name}.handler"]


def raw_runtime():
    """A runtime that does not change any byte."""
    return [str(FUNCTIONS / "raw_runtime.py")]


def _binary():
    architecture = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
    name = f"samcli/local/rapid/aws-lambda-rie-{architecture}"
    path = pathlib.Path(importlib.metadata.distribution("aws-sam-cli").locate_file(name))
    path.chmod(0o755)
    return path
