"""AWS's local runner of durable executions, with a durable function in AWS's runtime interface emulator.

The runner comes from the package aws-durable-execution-sdk-python-testing (Apache-2.0). SAM CLI starts the same
program, in a container. It implements the API of executions, and an API of its own that starts them.
"""

import contextlib
import json
import pathlib
import sys
import time
import urllib.request
import uuid

import boto3

from peers import rie
from peers.process import base_environment, free_port, server

REGION = "us-east-1"
ACCOUNT = "123456789012"
# Only a failing test waits this long, because executions are polled.
LIMIT_SECONDS = 30


class LocalRunner:
    """A running runner: its endpoint, keys to sign with, and botocore's client."""

    def __init__(self, endpoint, keys):
        self.endpoint = endpoint
        self.keys = keys
        self.botocore = boto3.client(
            "lambda",
            region_name=REGION,
            endpoint_url=endpoint,
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
        )

    def start(self, **event):
        """Starts an execution of the function and polls until it has ended or waits for its callback. Returns
        its name, and the identifier that the runner reports as its ARN."""
        name = str(uuid.uuid4())
        request = {
            "AccountId": ACCOUNT,
            "FunctionName": "function",
            "FunctionQualifier": "$LATEST",
            "ExecutionName": name,
            "ExecutionTimeoutSeconds": 300,
            "ExecutionRetentionPeriodDays": 1,
            "Input": json.dumps(event),
        }
        url = f"{self.endpoint}/start-durable-execution"
        with urllib.request.urlopen(urllib.request.Request(url, json.dumps(request).encode())) as response:
            identifier = json.load(response)["ExecutionArn"]
        give_up = time.monotonic() + LIMIT_SECONDS
        while not self._is_at_rest(identifier):
            if time.monotonic() > give_up:
                raise RuntimeError(f"execution {identifier} is not at rest after {LIMIT_SECONDS} s")
            time.sleep(0.02)
        return name, identifier

    def callback_of(self, arn):
        """The ID of the callback that an execution waits for."""
        events = self.botocore.get_durable_execution_history(DurableExecutionArn=arn)["Events"]
        [callback] = [event["CallbackStartedDetails"] for event in events if event["EventType"] == "CallbackStarted"]
        return callback["CallbackId"]

    def _is_at_rest(self, arn):
        if self.botocore.get_durable_execution(DurableExecutionArn=arn)["Status"] != "RUNNING":
            return True
        events = self.botocore.get_durable_execution_history(DurableExecutionArn=arn)["Events"]
        return {"CallbackStarted", "InvocationCompleted"} <= {event["EventType"] for event in events}


@contextlib.contextmanager
def running(folder, keys):
    """Starts the runner and the function's emulator, with their state in `folder`."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    variables = {
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
    }
    function = folder / "function"
    function.mkdir()
    # The SDK in the function calls the runner.
    with rie.running(function, rie.handler("durable"), variables | {"AWS_ENDPOINT_URL_LAMBDA": endpoint}) as emulator:
        command = [
            pathlib.Path(sys.executable).with_name("dex-local-runner"),
            "start-server",
            *["--host", "127.0.0.1"],
            *["--port", port],
            *["--lambda-endpoint", emulator],
            *["--local-runner-endpoint", endpoint],
            *["--local-runner-region", REGION],
        ]
        with server(command, base_environment(folder) | variables, port, folder):
            yield LocalRunner(endpoint, keys)
