"""AWS's local runner of durable executions, with a durable function in AWS's runtime interface emulator.

The runner comes from the package aws-durable-execution-sdk-python-testing (Apache-2.0). SAM CLI starts the same
program, in a container. It implements the API of executions, and an API of its own that starts them.
"""

import base64
import contextlib
import json
import os
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

    def __init__(self, endpoint, store, keys):
        self.endpoint = endpoint
        self.keys = keys
        self._store = store
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

    def start_with_arn(self, **event):
        """Starts an execution, and copies the runner's record of it under an ARN of Lambda's form. Returns
        the ARN. The runner reads each record from its file, so the copy is an execution of its own."""
        name, identifier = self.start(**event)
        invocation = identifier.rpartition("/")[2]
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:function:$LATEST/durable-execution/{name}/{invocation}"
        record = json.loads(self._file(identifier).read_text())
        # The runner may list its store meanwhile, so that the file appears complete.
        copy = self._store / "copy"
        copy.write_text(json.dumps(_renamed(record, identifier, arn)))
        os.replace(copy, self._file(arn))
        return arn

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

    def _file(self, arn):
        return self._store / (arn.replace(":", "_").replace("/", "_") + ".json")


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
    function, store = folder / "function", folder / "store"
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
            *["--store-type", "filesystem"],
            *["--store-path", store],
        ]
        with server(command, base_environment(folder) | variables, port, folder):
            yield LocalRunner(endpoint, store, keys)


def _renamed(value, old, new, name=None):
    """A record with another ARN. The runner's callback IDs are Base64 and contain the ARN."""
    if isinstance(value, dict):
        return {name: _renamed(item, old, new, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, old, new) for item in value]
    if name == "CallbackId":
        return base64.b64encode(base64.b64decode(value).replace(old.encode(), new.encode())).decode()
    return new if value == old else value
