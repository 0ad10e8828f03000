"""Tests the connector on the Python package `wasmtime` against the local Lambda: examples/python/run"""

import hashlib
import json
import os
import pathlib
import subprocess
import sys
import uuid

import pytest

from connector import Connector, LambdaError, from_environment

CONNECTION = from_environment()
ROOT = pathlib.Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def connector():
    return Connector(os.environ["CONNECTOR"])


@pytest.fixture
def invoke(connector):
    def invoke(function, payload=None, **rest):
        return connector.call("lambda", "invoke", CONNECTION, {"function": function, "payload": payload, **rest})

    return invoke


@pytest.fixture
def runs(invoke):
    """How often `count` has run for a key, including the run that returns this number."""
    return lambda key: json.loads(invoke("count", json.dumps({"key": key})).output)["runs"]


def test_function_returns_its_event_byte_for_byte(invoke):
    payload = '{ "b": 12345678901234567890.10, "a": "größe 尺寸 🚀", "a": 2e400 }'
    invocation = invoke("echo", payload)
    assert invocation.output == payload
    assert (getattr(invocation, "status-code"), invocation.attempts) == (200, 1)


def test_largest_payload_survives_both_directions(invoke):
    inner = "".join(f"{number:08}" for number in range(786_432))
    payload = f'"{inner[:6_291_454]}"'
    output = invoke("echo", payload).output
    assert len(output) == 6_291_456
    assert hashlib.sha256(output.encode()).digest() == hashlib.sha256(payload.encode()).digest()


def test_binary_output_is_bytes(invoke):
    assert invoke("binary").output == b"\x89PNG\r\n\x1a\n\x00\xff\xfe"


def test_functions_are_listed(connector):
    page = connector.call("lambda", "list-functions", CONNECTION, {"name-contains": "ECH", "all-versions": False})
    assert [(found.name, found.arn, found.architectures) for found in page.functions] == [
        ("echo", "arn:aws:lambda:us-east-1:123456789012:function:echo", ["arm64"])
    ]
    assert page.next is None


def test_failed_function_is_an_error(invoke):
    with pytest.raises(LambdaError) as raised:
        invoke("fail", '{"type": "OrderNotFound", "message": "no order 7"}')
    assert raised.value.case == "function-failed"
    failure = raised.value.detail.failure
    assert (failure.marker, failure.cause, getattr(failure, "error-type"), getattr(failure, "error-message")) == (
        "Unhandled",
        "thrown",
        "OrderNotFound",
        "no order 7",
    )


def test_call_longer_than_the_connect_timeout_runs_once(invoke, runs):
    key = str(uuid.uuid4())
    invocation = invoke("count", json.dumps({"key": key, "ms": 1_500}), delivery={"connect-timeout-ms": 500})
    assert json.loads(invocation.output) == {"key": key, "runs": 1}
    assert runs(key) == 2


def test_call_without_response_is_unknown_and_runs_once(invoke, runs):
    key = str(uuid.uuid4())
    with pytest.raises(LambdaError) as raised:
        invoke("count", json.dumps({"key": key, "ms": 60_000}), delivery={"response-timeout-ms": 500})
    detail = raised.value.detail
    assert (raised.value.case, detail.kind, detail.executed, detail.attempts) == ("transport", "timeout", "unknown", 1)
    assert runs(key) == 2


def test_invalid_input_names_its_field(invoke):
    with pytest.raises(LambdaError) as raised:
        invoke("echo", "{}", delivery={"max-attempts": 11})
    assert (raised.value.case, raised.value.detail.field) == ("invalid-input", "request.delivery.max-attempts")


def test_unknown_field_is_a_type_error(invoke):
    with pytest.raises(TypeError, match="no such fields: qualifer; there are function, qualifier"):
        invoke("echo", qualifer="live")


def test_example_of_the_embedding_page_prints_the_greeting():
    command = [sys.executable, "examples/python/greet.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stdout) == (0, '{"message":"Hello, Ada!"}\n'), done.stderr
