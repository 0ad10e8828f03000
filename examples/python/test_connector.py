"""The connector on the Python package `wasmtime`, against the local Lambda: examples/python/run"""

import hashlib
import json
import os
import uuid

import pytest

from connector import Connector, LambdaError, from_environment

CONNECTION = from_environment()


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
    """How often `count` ran for a key, this asking included."""
    return lambda key: json.loads(invoke("count", json.dumps({"key": key})).output)["runs"]


def test_a_function_answers_with_its_event_byte_for_byte(invoke):
    payload = '{ "b": 12345678901234567890.10, "a": "größe 尺寸 🚀", "a": 2e400 }'
    invocation = invoke("echo", payload)
    assert invocation.output == payload
    assert (getattr(invocation, "status-code"), invocation.attempts) == (200, 1)


def test_the_largest_payload_goes_and_comes_back(invoke):
    inner = "".join(f"{number:08}" for number in range(786_432))
    payload = f'"{inner[:6_291_454]}"'
    output = invoke("echo", payload).output
    assert len(output) == 6_291_456
    assert hashlib.sha256(output.encode()).digest() == hashlib.sha256(payload.encode()).digest()


def test_what_is_no_text_comes_as_bytes(invoke):
    assert invoke("binary").output == b"\x89PNG\r\n\x1a\n\x00\xff\xfe"


def test_functions_are_listed(connector):
    page = connector.call("lambda", "list-functions", CONNECTION, {"name-contains": "ECH", "all-versions": False})
    assert [(found.name, found.arn, found.architectures) for found in page.functions] == [
        ("echo", "arn:aws:lambda:us-east-1:123456789012:function:echo", ["arm64"])
    ]
    assert page.next is None


def test_a_function_that_fails_is_no_success(invoke):
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


def test_a_call_that_takes_longer_than_the_connect_timeout_is_made_once(invoke, runs):
    key = str(uuid.uuid4())
    invocation = invoke("count", json.dumps({"key": key, "ms": 1_500}), delivery={"connect-timeout-ms": 500})
    assert json.loads(invocation.output) == {"key": key, "runs": 1}
    assert runs(key) == 2


def test_a_call_whose_answer_does_not_come_is_of_unknown_outcome_and_is_made_once(invoke, runs):
    key = str(uuid.uuid4())
    with pytest.raises(LambdaError) as raised:
        invoke("count", json.dumps({"key": key, "ms": 60_000}), delivery={"response-timeout-ms": 500})
    detail = raised.value.detail
    assert (raised.value.case, detail.kind, detail.executed, detail.attempts) == ("transport", "timeout", "unknown", 1)
    assert runs(key) == 2


def test_input_that_is_refused_names_its_field(invoke):
    with pytest.raises(LambdaError) as raised:
        invoke("echo", "{}", delivery={"max-attempts": 11})
    assert (raised.value.case, raised.value.detail.field) == ("invalid-input", "request.delivery.max-attempts")


def test_a_field_that_does_not_exist_is_a_mistake_of_the_program(invoke):
    with pytest.raises(TypeError, match="no such fields: qualifer; there are function, qualifier"):
        invoke("echo", qualifer="live")
