"""A workflow that starts a durable execution and sleeps until it has ended, on SQLite."""

import json
import uuid

import pytest

from engine import DURABLE, connection, durable, until

# The last pause is long enough to kill the server in it.
SLOW = {"first_ms": 500, "longest_ms": 2_000}


@pytest.fixture
def name():
    return str(uuid.uuid4())


def test_result_of_a_workflow_returns_after_its_last_step(sqlite, shipped, recorder, executions, name):
    payload = {"steps": [{"step": {"result": 7}}, {"wait": {"ms": 500}}, {"step": {"result": "größe"}}]}
    answer = sqlite(shipped).run(DURABLE, connection(), *durable("workflow:live", payload, name))["ok"]
    assert json.loads(answer["output"]) == {"results": [7, None, "größe"]}
    assert executions.named("workflow", name) == [answer["arn"]]
    assert recorder.starts("workflow:live") == 1
    # The first one does not find the execution yet, and the last one reads the result of the ended one.
    assert recorder.reads() >= 3


ENDED = [
    (
        "workflow:live",
        {"steps": [{"fail": {"name": "pay", "type": "CardDeclined", "message": "no funds"}}]},
        "failed",
        {"error_type": "CardDeclined", "error_message": "no funds"},
    ),
    ("approval:live", {"executionTimeoutMs": 300}, "timed_out", {}),
]


@pytest.mark.parametrize("function, payload, status, failure", ENDED)
def test_execution_without_success_is_an_error(sqlite, shipped, executions, name, function, payload, status, failure):
    error = sqlite(shipped).run(DURABLE, connection(), *durable(function, payload, name))["error"]["ended"]
    assert executions.named(function.partition(":")[0], name) == [error["arn"]]
    assert error["status"] == status
    assert {key: error["failure"][key] for key in failure} == failure


def test_rejected_start_is_an_error_and_not_repeated(sqlite, shipped, recorder, name):
    answer = sqlite(shipped).run(DURABLE, connection(), *durable("missing:live", {}, name))
    assert "ResourceNotFoundException" in answer["error"]["not_started"]
    assert (recorder.starts("missing:live"), recorder.reads()) == (1, 0)


@pytest.mark.parametrize("answered", ["while the server is down", "after its restart"])
def test_approval_survives_its_server_and_starts_once(sqlite, shipped, recorder, executions, name, answered):
    server = sqlite(shipped)
    start, _ = durable("approval:live", {"order": 7}, name)
    execution = server.submit(DURABLE, connection(), start, SLOW)
    until(lambda: recorder.reads() >= 3 and server.is_asleep(execution), "the workflow does not sleep after a read")
    server.stop()
    reads = recorder.reads()
    (arn,) = executions.named("approval", name)
    if answered == "while the server is down":
        executions.approve(arn, {"by": "Ada"})
        server.start()
    else:
        server.start()
        until(lambda: recorder.reads() > reads, "the workflow did not continue")
        executions.approve(arn, {"by": "Ada"})
    # The result is the callback's, byte for byte.
    assert server.wait(execution) == {"ok": {"arn": arn, "output": '{"approval":{"by": "Ada"}}'}}
    assert recorder.starts("approval:live") == 1
    assert executions.named("approval", name) == [arn]


def test_interrupted_start_is_repeated_and_finds_its_execution(sqlite, impatient, recorder, executions, name):
    server = sqlite(impatient)
    recorder.withhold_next_start()
    execution = server.submit(DURABLE, connection(), *durable("approval:live", {}, name))
    until(recorder.is_withheld, "the execution did not start")
    server.stop()
    server.start()
    until(lambda: recorder.starts("approval:live") == 2, "the start was not repeated")
    (arn,) = until(lambda: executions.named("approval", name), "the execution is not listed")
    executions.approve(arn, None)
    assert server.wait(execution) == {"ok": {"arn": arn, "output": '{"approval":null}'}}
    assert executions.named("approval", name) == [arn]


def test_second_submission_finds_the_execution_of_the_first(sqlite, shipped, recorder, executions, name):
    server = sqlite(shipped)
    parameters = [connection(), *durable("approval:live", {}, name)]
    first, second = [server.submit(DURABLE, *parameters) for _ in range(2)]
    until(lambda: recorder.starts("approval:live") == 2, "the second submission did not start")
    (arn,) = until(lambda: executions.named("approval", name), "the execution is not listed")
    executions.approve(arn, "yes")
    expected = {"ok": {"arn": arn, "output": '{"approval":"yes"}'}}
    assert [server.wait(execution) for execution in (first, second)] == [expected, expected]
    # It has ended, and its name still finds it.
    assert server.run(DURABLE, *parameters) == expected
