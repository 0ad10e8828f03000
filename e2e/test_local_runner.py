"""Durable executions on AWS's local runner. Both components run in the wasmtime command line. botocore reads the
same executions from the same server, and must read the same values.

The runner's identifiers are not ARNs. The connector accepts them at an emulator.
"""

import json
import time

import pytest

from executions import (
    CALLBACK_FAILURE,
    FAILURE,
    NONE,
    event,
    execution,
    execution_query,
    history_query,
    pages,
    with_read_details,
)
from peers import wasmtime_cli
from peers.wave import Case, Word

# Only a failing test waits this long, because executions are polled.
LIMIT_SECONDS = 30
LIMIT_MS = LIMIT_SECONDS * 1_000
# An execution that the runner does not know.
ARN = "arn:aws:lambda:us-east-1:123456789012:function:function:$LATEST/durable-execution/order-7/2f6b1c0e"


@pytest.fixture
def call(local_runner, command_line):
    """Calls an export with a connection to the runner: function, arguments -> result."""

    def call(function, *arguments, endpoint="emulator"):
        connection = wasmtime_cli.connection(local_runner.keys, **{endpoint: local_runner.endpoint})
        return command_line(function, connection, *arguments)

    return call


@pytest.fixture
def read(local_runner):
    """botocore's reading of an execution: ARN -> execution."""
    return lambda arn: execution(local_runner.botocore.get_durable_execution(DurableExecutionArn=arn))


def query(**fields):
    return execution_query("function", **fields)


def service_error(result, status, category, executed):
    error = result["err"]["service"]
    assert (error["status-code"], error["category"], error["executed"]) == (status, category, executed)
    assert (error["retryable"], error["attempts"]) == (False, 1)
    # The runner names the error in a member of the body that neither AWS nor botocore knows.
    assert error["code"] == f"HTTP {status}"
    return error


def test_succeeded_execution_has_its_input_and_output_byte_for_byte(call, local_runner, read):
    value = {"big": 12345678901234567890, "text": 'größe 🚀 " \\ \n', "half": 1.0, "none": [None, {}]}
    _, arn = local_runner.start(does="return", value=value)
    found = call("wait", arn, LIMIT_MS)["ok"]
    assert (found["status"], found["version"]) == ("succeeded", "$LATEST")
    assert found["input"] == json.dumps({"does": "return", "value": value})
    assert found["output"] == json.dumps(value)
    assert found == call("get", arn, True)["ok"] == read(arn)
    # The runner ignores the parameter that excludes the data.
    without = {name: item for name, item in found.items() if name not in ("input", "output")}
    assert call("get", arn, False)["ok"] == without


def test_failed_execution_has_its_failure(call, local_runner, read):
    _, arn = local_runner.start(does="raise", order=7)
    found = call("wait", arn, LIMIT_MS)["ok"]
    assert found["status"] == "failed"
    assert found["failure"] == {"error-type": "durable.OrderNotFound", "error-message": "no order 7", "stack-trace": []}
    assert found == read(arn)


def test_callback_success_and_heartbeat_reach_the_function(call, local_runner, read):
    _, arn = local_runner.start(does="ask")
    callback = local_runner.callback_of(arn)
    assert call("complete-callback", callback, Word("heartbeat")) == "ok"
    assert call("wait", arn, 0)["ok"]["status"] == "running"
    result = '{"by": "größe 🚀"}'
    assert call("complete-callback", callback, Case(succeeded=list(result.encode()))) == "ok"
    found = call("wait", arn, LIMIT_MS)["ok"]
    # The function returns the callback's result, which is text to it.
    assert (found["status"], found["output"]) == ("succeeded", json.dumps(result))
    assert found == read(arn)


def test_callback_failure_reaches_the_function_and_closes_the_callback(call, local_runner, read):
    _, arn = local_runner.start(does="ask")
    callback = local_runner.callback_of(arn)
    assert call("complete-callback", callback, Case(failed=FAILURE)) == "ok"
    found = call("wait", arn, LIMIT_MS)["ok"]
    assert (found["status"], found["failure"]) == ("failed", CALLBACK_FAILURE)
    assert found == read(arn)
    # AWS answers CallbackTimeoutException.
    for outcome in [Case(succeeded=list(b"{}")), Case(failed=FAILURE), Word("heartbeat")]:
        service_error(call("complete-callback", callback, outcome), 404, "not-found", "unknown")


def test_callback_of_an_execution_without_an_arn_succeeds(call, local_runner):
    name, identifier = local_runner.start(does="ask")
    assert call("complete-callback", local_runner.callback_of(identifier), Case(succeeded=NONE)) == "ok"
    give_up = time.monotonic() + LIMIT_SECONDS
    status = "running"
    while status == "running" and time.monotonic() < give_up:
        [row] = call("list-executions", query(name=name))["ok"]["executions"]
        status = row["status"]
    assert status == "succeeded"


def test_stop_returns_the_time_at_which_the_execution_stopped(call, local_runner, read):
    _, arn = local_runner.start(does="ask")
    stopped_at = call("stop", arn, FAILURE)["ok"]
    found = call("get", arn, True)["ok"]
    assert (found["status"], found["ended-at-ms"]) == ("stopped", stopped_at)
    # AWS records the failure of the request, which is the whole body. The runner looks for a member `Error` of it.
    assert found["failure"] == {"error-message": "Execution stopped by user request", "stack-trace": []}
    assert found == read(arn)
    assert call("stop", arn, NONE)["ok"] == stopped_at


def test_history_has_every_event_in_both_orders_and_in_pages(call, local_runner):
    _, arn = local_runner.start(does="step", value="größe")
    response = local_runner.botocore.get_durable_execution_history(DurableExecutionArn=arn, IncludeExecutionData=False)
    query = history_query(arn, with_data=False)
    found = call("history", query)["ok"]["events"]
    assert [with_read_details(row) for row in found] == [event(row) for row in response["Events"]]
    types = ["ExecutionStarted", "StepStarted", "StepSucceeded", "InvocationCompleted", "ExecutionSucceeded"]
    assert [row["event-type"] for row in found] == types
    assert json.loads(found[0]["details"]) == {"Input": {"Truncated": True}, "ExecutionTimeout": 300}
    assert call("history", {**query, "newest_first": True})["ok"]["events"] == found[::-1]
    found_pages = pages(lambda query: call("history", query), {**query, "limit": 2}, "events")
    assert found_pages == [found[:2], found[2:4], found[4:]]


def test_history_with_data_has_the_payloads(call, local_runner):
    _, arn = local_runner.start(does="step", value="größe")
    response = local_runner.botocore.get_durable_execution_history(DurableExecutionArn=arn, IncludeExecutionData=True)
    found = call("history", history_query(arn))["ok"]["events"]
    assert [with_read_details(row) for row in found] == [event(row) for row in response["Events"]]
    [started] = [json.loads(row["details"]) for row in found if row["event-type"] == "ExecutionStarted"]
    assert json.loads(started["Input"]["Payload"]) == {"does": "step", "value": "größe"}


def test_lists_are_filtered_by_name_and_paged(call, local_runner):
    started = [local_runner.start(does="return", value=number) for number in range(3)]
    name, identifier = started[1]
    [row] = call("list-executions", query(name=name))["ok"]["executions"]
    assert (row["arn"], row["name"], row["status"]) == (identifier, name, "succeeded")
    response = local_runner.botocore.list_durable_executions_by_function(FunctionName="function")
    expected = [execution(found) for found in response["DurableExecutions"]]
    found_pages = pages(lambda query: call("list-executions", query), query(limit=2), "executions")
    assert {len(rows) for rows in found_pages[:-1]} == {2}
    found = [row for rows in found_pages for row in rows]
    assert found == expected
    # AWS lists the newest execution first by default. The runner does so if the oldest is asked for.
    assert [row["name"] for row in found if row["name"] in dict(started)] == [name for name, _ in started]
    newest_first = call("list-executions", query(oldest_first=True))["ok"]["executions"]
    assert newest_first == sorted(found, key=lambda row: row["started-at-ms"], reverse=True)
    assert call("list-executions", execution_query("other"))["ok"] == {"executions": []}


def test_identifier_that_is_not_an_arn_is_rejected_unless_the_endpoint_is_an_emulator(call, local_runner):
    """botocore accepts any text. The connector reads the region and the partition of an ARN."""
    _, identifier = local_runner.start(does="return", value=1)
    assert local_runner.botocore.get_durable_execution(DurableExecutionArn=identifier)["Status"] == "SUCCEEDED"
    for field, function, *arguments in [
        ("arn", "get", identifier, True),
        ("arn", "wait", identifier, 0),
        ("arn", "stop", identifier, NONE),
        ("query.arn", "history", history_query(identifier)),
    ]:
        error = call(function, *arguments, endpoint="url")["err"]["invalid-input"]
        assert error["field"] == field
        assert error["message"].startswith("it is not the ARN of an execution")


def test_unknown_execution_and_unknown_callback_are_not_found(call):
    """Without AWS's error code, a 404 does not prove that nothing was stopped or completed."""
    for result, executed in [
        (call("get", ARN, True), "no"),
        (call("wait", ARN, 0), "no"),
        (call("history", history_query(ARN)), "no"),
        (call("stop", ARN, NONE), "unknown"),
    ]:
        error = service_error(result, 404, "not-found", executed)
        assert error["message"] == "Durable Execution does not exist"
        assert "the execution's ARN" in error["hint"]
    error = service_error(call("complete-callback", "b3JkZXI=", Word("heartbeat")), 404, "not-found", "unknown")
    assert "the callback's ID" in error["hint"]


def test_runner_at_a_url_is_not_lambda(call, local_runner):
    """The runner's responses have no request ID, so that only the endpoint `emulator` believes them."""
    _, arn = local_runner.start(does="ask")
    callback = local_runner.callback_of(arn)
    for result, executed in [
        (call("get", ARN, True, endpoint="url"), "no"),
        (call("history", history_query(ARN), endpoint="url"), "no"),
        (call("list-executions", query(), endpoint="url"), "no"),
        (call("complete-callback", callback, Word("heartbeat"), endpoint="url"), "unknown"),
        (call("stop", ARN, NONE, endpoint="url"), "unknown"),
    ]:
        error = result["err"]["transport"]
        assert (error["kind"], error["executed"], error["attempts"]) == ("not-lambda", executed, 1)
