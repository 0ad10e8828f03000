"""One Obelisk server on SQLite: the results of calls, and how often a function runs."""

import json
import signal
import uuid

import pytest

from engine import INVOKE, LIST, WORKFLOW, connection, request, step, until

OUTCOME_UNKNOWN = {"error": {"outcome_unknown": 0}}


@pytest.fixture
def key():
    return str(uuid.uuid4())


def test_call_returns_results_and_failures(sqlite, shipped):
    check_results(sqlite(shipped))


def check_results(server):
    payload = {"b": 1234567890, "a": "größe 尺寸 🚀"}
    answer = server.run(INVOKE, connection(), request("echo", payload))["ok"]
    assert (answer["status_code"], answer["output"], answer["attempts"]) == (200, {"text": json.dumps(payload)}, 1)

    query = {"name_contains": "ECH", "all_versions": False, "cursor": None, "limit": None, "delivery": None}
    page = server.run(LIST, connection(), query)["ok"]
    assert [(found["name"], found["runtime"]) for found in page["functions"]] == [("echo", "python3.14")]

    failing = request("fail", {"type": "OrderNotFound", "message": "no order 7"})
    failure = server.run(INVOKE, connection(), failing)["error"]["function_failed"]["failure"]
    assert (failure["cause"], failure["error_type"], failure["error_message"]) == (
        "thrown",
        "OrderNotFound",
        "no order 7",
    )


def test_largest_payload_survives_both_directions(sqlite, shipped):
    check_largest_payload(sqlite(shipped))


def check_largest_payload(server):
    """One function passes it to the next, because Obelisk limits submitted parameters to 2 MB."""
    steps = [step("big", {"bytes": 6_291_456}), step("echo")]
    answers = server.run(WORKFLOW, connection(), steps)["ok"]
    largest = f'"{"x" * 6_291_454}"'
    assert [answer == largest for answer in answers] == [True, True]


def test_other_region_is_denied(sqlite, shipped):
    elsewhere = connection() | {"region": "eu-west-3", "endpoint": None}
    error = sqlite(shipped).run(INVOKE, elsewhere, request("echo", 7))["error"]["transport"]
    assert (error["kind"], error["executed"]) == ("denied", "no")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_workflow_survives_its_server_and_functions_run_once(sqlite, shipped, runs, how):
    keys = [str(uuid.uuid4()) for _ in range(2)]
    server = sqlite(shipped)
    steps = [step("count", {"key": keys[0]}), step("count", {"key": keys[1]}, after_ms=2_000)]
    execution = server.submit(WORKFLOW, connection(), steps)
    until(lambda: server.recorded(execution) == 1, "the first step did not end")
    server.stop(how)
    server.start()
    answers = server.wait(execution)["ok"]
    assert [json.loads(answer) for answer in answers] == [{"key": key, "runs": 1} for key in keys]
    assert [runs.of(key) for key in keys] == [1, 1]


def kill_in_the_middle_of_a_call(server, runs, key, idempotent):
    """Returns the result of a workflow whose only call was interrupted by the server's death."""
    call = step("count", {"key": key, "ms": 3_000}, idempotent)
    execution = server.submit(WORKFLOW, connection(), [call])
    until(lambda: runs.of(key) == 1, "the function did not start")
    server.stop()
    server.start()
    return server.wait(execution)


def test_interrupted_call_is_unknown_and_not_repeated(sqlite, impatient, runs, key):
    assert kill_in_the_middle_of_a_call(sqlite(impatient), runs, key, idempotent=False) == OUTCOME_UNKNOWN
    assert runs.of(key) == 1


def test_interrupted_idempotent_call_is_repeated(sqlite, impatient, runs, key):
    (answer,) = kill_in_the_middle_of_a_call(sqlite(impatient), runs, key, idempotent=True)["ok"]
    assert json.loads(answer)["key"] == key
    assert runs.of(key) == 2


def slow_call(server, key):
    """Takes longer than Obelisk's default lock."""
    return server.run(INVOKE, connection(), request("count", {"key": key, "ms": 2_000}))


def unanswered_call(server, key):
    """Has an unknown outcome, because the connector stops waiting."""
    return server.run(INVOKE, connection(), request("count", {"key": key, "ms": 60_000}, response_timeout_ms=300))


def test_call_longer_than_a_second_runs_once(sqlite, shipped, runs, key):
    answer = slow_call(sqlite(shipped), key)["ok"]
    assert json.loads(answer["output"]["text"]) == {"key": key, "runs": 1}
    assert runs.of(key) == 1


def test_call_of_unknown_outcome_runs_once(sqlite, shipped, runs, key):
    error = unanswered_call(sqlite(shipped), key)["error"]["transport"]
    assert (error["kind"], error["executed"], error["attempts"]) == ("timeout", "unknown", 1)
    assert runs.of(key) == 1


@pytest.mark.parametrize("call", [slow_call, unanswered_call])
def test_function_runs_six_times_with_default_settings(sqlite, defaults, runs, key, call):
    """Shows why deployment.toml changes the default settings."""
    call(sqlite(defaults), key)
    assert runs.of(key) == 6


def test_terminated_server_repeats_its_calls(sqlite, shipped, runs, key):
    """No setting prevents it, so end a server with SIGKILL: see the README."""
    server = sqlite(shipped)
    execution = server.submit(INVOKE, connection(), request("count", {"key": key, "ms": 2_000}))
    until(lambda: runs.of(key) == 1, "the function did not start")
    server.stop(signal.SIGTERM)
    assert "unlocked" in server.start().events(execution)
    assert "ok" in server.wait(execution)
    assert runs.of(key) == 2
