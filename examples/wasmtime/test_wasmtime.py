"""Tests the connector on the wasmtime command line against the local Lambda."""

import json
import os
import uuid

import pytest

from commandline import call, connection

CONNECTOR = os.environ["CONNECTOR"]


def invoke(function, payload, **rest):
    request = {"function": function, "payload": json.dumps(payload, ensure_ascii=False), **rest}
    return call(CONNECTOR, "invoke", connection(), request)


@pytest.fixture
def key():
    return str(uuid.uuid4())


def runs(key):
    """How often `count` has run for a key, including the run that returns this number."""
    return json.loads(invoke("count", {"key": key})["ok"]["output"]["text"])["runs"]


def test_function_returns_its_event():
    event = {"a": "größe 尺寸 🚀 \" \\ \n"}
    answer = invoke("echo", event)["ok"]
    assert (answer["status-code"], answer["attempts"]) == (200, 1)
    assert answer["output"] == {"text": json.dumps(event, ensure_ascii=False)}


def test_largest_response_is_complete():
    """Only the response is large, because a command-line argument cannot hold such a request."""
    assert invoke("big", {"bytes": 6_291_556})["ok"]["output"] == {"text": f'"{"x" * 6_291_554}"'}


def test_functions_are_listed():
    page = call(CONNECTOR, "list-functions", connection(), {"name_contains": "ECH", "all_versions": False})["ok"]
    assert [(found["name"], found["runtime"]) for found in page["functions"]] == [("echo", "python3.14")]


def test_failed_function_is_an_error():
    answer = invoke("fail", {"type": "OrderNotFound", "message": "no order 7"})
    failure = answer["err"]["function-failed"]["failure"]
    assert (failure["cause"], failure["error-type"], failure["error-message"]) == (
        "thrown",
        "OrderNotFound",
        "no order 7",
    )


def test_call_longer_than_the_connect_timeout_runs_once(key):
    answer = invoke("count", {"key": key, "ms": 1_500}, delivery={"connect_timeout_ms": 500})["ok"]
    assert json.loads(answer["output"]["text"]) == {"key": key, "runs": 1}
    assert runs(key) == 2


def test_call_without_response_is_unknown_and_runs_once(key):
    error = invoke("count", {"key": key, "ms": 60_000}, delivery={"response_timeout_ms": 500})["err"]["transport"]
    assert (error["kind"], error["executed"], error["attempts"]) == ("timeout", "unknown", 1)
    assert runs(key) == 2
