"""Durable executions on ministack, of a function with AWS's SDK. Both components run in the wasmtime command line.
botocore reads the same executions from the same server, and must read the same values."""

import json
import time
from dataclasses import replace

import pytest

from executions import (
    CALLBACK_FAILURE,
    FAILURE,
    NONE,
    READ_FAILURE,
    event,
    execution,
    execution_query,
    history_query,
    pages,
    with_read_details,
)
from peers import wasmtime_cli
from peers.ministack import ROOT
from peers.wave import Case, Word

# Only a failing test waits this long, because histories are polled.
LIMIT_SECONDS = 30
LIMIT_MS = LIMIT_SECONDS * 1_000


@pytest.fixture
def call(ministack, command_line):
    """Calls an export with the keys of the operator: function, arguments -> result."""

    def call(function, *arguments, keys=ministack.operator):
        return command_line(function, wasmtime_cli.connection(keys, emulator=ministack.endpoint), *arguments)

    return call


@pytest.fixture(scope="session")
def botocore(ministack):
    return ministack.client("lambda", ROOT)


@pytest.fixture
def start(call):
    """Starts an execution with a synchronous call. Returns its ARN."""

    def start(function="durable", **event):
        answer = call("invoke", {"function": function, "payload": json.dumps(event)})["ok"]
        assert answer["status-code"] == 200
        return answer["durable-execution-arn"]

    return start


def history(call, arn):
    return call("history", history_query(arn))["ok"]["events"]


def callback_of(call, arn):
    """Polls until the function waits for its callback. Returns the callback's ID."""
    give_up = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < give_up:
        for found in history(call, arn):
            if found["event-type"] == "CallbackStarted":
                return json.loads(found["details"])["CallbackId"]
    raise AssertionError(f"{arn} did not create a callback in {LIMIT_SECONDS} s")


def service_error(result, status, category):
    """The content of an error of the service, which is final and precedes every effect."""
    error = result["err"]["service"]
    assert (error["status-code"], error["category"], error["executed"]) == (status, category, "no")
    assert (error["retryable"], error["attempts"]) == (False, 1)
    return error


def test_succeeded_execution_has_its_input_and_output_byte_for_byte(call, botocore, start):
    value = {"big": 12345678901234567890, "text": 'größe 🚀 " \\ \n', "half": 1.0, "none": [None, {}]}
    arn = start(does="return", value=value)
    found = call("wait", arn, LIMIT_MS)["ok"]
    assert found["status"] == "succeeded"
    assert found["input"] == json.dumps({"does": "return", "value": value})
    assert found["output"] == json.dumps(value)
    assert found["version"] == "$LATEST"
    assert found["function-arn"].endswith(":function:durable")
    assert 0 <= found["ended-at-ms"] - found["started-at-ms"] <= LIMIT_MS
    assert "failure" not in found
    read = execution(botocore.get_durable_execution(DurableExecutionArn=arn))
    assert found == call("get", arn, True)["ok"] == read


def test_large_input_and_output_are_read(call, botocore):
    # Lambda's limit is 6 MiB each. No part of the text repeats.
    text = "".join(f"{number:07}" for number in range(700_000))
    payload = json.dumps({"does": "return", "value": text})
    assert len(payload) > 4_900_000
    arn = botocore.invoke(FunctionName="durable", Payload=payload)["DurableExecutionArn"]
    found = call("get", arn, True)["ok"]
    assert found == execution(botocore.get_durable_execution(DurableExecutionArn=arn))
    assert (found["input"], found["output"]) == (payload, json.dumps(text))


def test_failed_execution_has_its_failure(call, botocore, start):
    arn = start(does="raise", order=7)
    found = call("wait", arn, LIMIT_MS)["ok"]
    assert found["status"] == "failed"
    assert found["failure"] == {"error-type": "durable.OrderNotFound", "error-message": "no order 7", "stack-trace": []}
    assert "output" not in found
    assert found == execution(botocore.get_durable_execution(DurableExecutionArn=arn))


def test_wait_polls_until_the_execution_has_ended(call, botocore, start):
    arn = start(does="sleep")
    found = call("wait", arn, LIMIT_MS)["ok"]
    assert (found["status"], found["output"]) == ("succeeded", '"awake"')
    assert found == execution(botocore.get_durable_execution(DurableExecutionArn=arn))
    # The function was resumed after its pause.
    assert [found["event-type"] for found in history(call, arn)].count("InvocationCompleted") == 2


def test_wait_returns_a_running_execution_when_its_time_is_up(call, botocore, start):
    arn = start(does="ask")
    found = call("wait", arn, 0)["ok"]
    assert (found["status"], found["input"]) == ("running", '{"does": "ask"}')
    assert "ended-at-ms" not in found
    assert found == execution(botocore.get_durable_execution(DurableExecutionArn=arn))


def test_event_starts_an_execution_and_its_callback_succeeds(call, botocore, ministack):
    with ministack.durable_function() as name:
        payload = json.dumps({"does": "ask"})
        request = {"function": name, "payload": payload, "invocation_type": Word("event")}
        queued = call("invoke", {**request, "qualifier": "$LATEST"})["ok"]
        # AWS returns the ARN. ministack does not, so the list finds the execution.
        assert (queued["status-code"], "durable-execution-arn" in queued) == (202, False)
        [row] = call("list-executions", execution_query(name, statuses=[Word("running")]))["ok"]["executions"]
        arn = row["arn"]
        callback = callback_of(call, arn)
        assert call("complete-callback", callback, Word("heartbeat")) == "ok"
        assert call("wait", arn, 0)["ok"]["status"] == "running"
        result = '{"by": "größe 🚀"}'
        assert call("complete-callback", callback, Case(succeeded=list(result.encode()))) == "ok"
        found = call("wait", arn, LIMIT_MS)["ok"]
        # The function returns the callback's result, which is text to it.
        assert (found["status"], found["output"]) == ("succeeded", json.dumps(result))
        assert (found["input"], found["name"]) == (payload, row["name"])
        assert found == execution(botocore.get_durable_execution(DurableExecutionArn=arn))


def test_callback_without_a_result_succeeds(call, start):
    arn = start(does="ask")
    assert call("complete-callback", callback_of(call, arn), Case(succeeded=NONE)) == "ok"
    found = call("wait", arn, LIMIT_MS)["ok"]
    assert (found["status"], found["output"]) == ("succeeded", '""')


def test_callback_failure_reaches_the_function_and_closes_the_callback(call, botocore, start):
    arn = start(does="ask")
    callback = callback_of(call, arn)
    assert call("complete-callback", callback, Case(failed=FAILURE)) == "ok"
    found = call("wait", arn, LIMIT_MS)["ok"]
    assert found["status"] == "failed"
    assert found["failure"] == CALLBACK_FAILURE
    assert found == execution(botocore.get_durable_execution(DurableExecutionArn=arn))
    [failed] = [found for found in history(call, arn) if found["event-type"] == "CallbackFailed"]
    assert json.loads(failed["details"])["Error"]["Payload"] == {
        "ErrorType": FAILURE["error_type"],
        "ErrorMessage": FAILURE["error_message"],
        "ErrorData": FAILURE["error_data"],
        "StackTrace": FAILURE["stack_trace"],
    }
    for outcome in [Case(succeeded=list(b"{}")), Case(failed=FAILURE), Word("heartbeat")]:
        error = service_error(call("complete-callback", callback, outcome), 400, "conflict")
        assert error["code"] == "CallbackTimeoutException"
        assert "already closed" in error["hint"]


def test_stopped_execution_has_the_failure_and_the_time_of_the_stop(call, botocore, start):
    arn = start(does="ask")
    stopped_at = call("stop", arn, FAILURE)["ok"]
    found = call("get", arn, True)["ok"]
    assert (found["status"], found["ended-at-ms"], found["failure"]) == ("stopped", stopped_at, READ_FAILURE)
    assert found == execution(botocore.get_durable_execution(DurableExecutionArn=arn))
    error = service_error(call("stop", arn, NONE), 400, "invalid-request")
    assert error["code"] == "InvalidParameterValueException"
    assert "in status STOPPED" in error["message"]


def test_stop_without_a_failure_succeeds(call, botocore, start):
    arn = start(does="ask")
    stopped_at = call("stop", arn, NONE)["ok"]
    found = call("get", arn, True)["ok"]
    assert (found["status"], found["ended-at-ms"]) == ("stopped", stopped_at)
    assert found == execution(botocore.get_durable_execution(DurableExecutionArn=arn))


def test_history_has_every_event_in_both_orders_and_in_pages(call, botocore, start):
    arn = start(does="step", value="größe")
    read = [event(found) for found in botocore.get_durable_execution_history(DurableExecutionArn=arn)["Events"]]
    found = history(call, arn)
    assert [with_read_details(row) for row in found] == read
    assert [(row["id"], row["event-type"], row.get("name")) for row in found] == [
        (1, "ExecutionStarted", None),
        (2, "StepStarted", "look-up"),
        (3, "StepSucceeded", "look-up"),
        (4, "InvocationCompleted", None),
        (5, "ExecutionSucceeded", None),
    ]
    assert found[1]["operation-id"] == found[2]["operation-id"]
    assert json.loads(found[4]["details"])["Result"]["Payload"] == json.dumps("größe")
    newest_first = call("history", history_query(arn, newest_first=True))["ok"]["events"]
    assert newest_first == found[::-1]
    found_pages = pages(lambda query: call("history", query), history_query(arn, limit=2), "events")
    assert found_pages == [found[:2], found[2:4], found[4:]]


def test_lists_are_filtered_ordered_and_paged(call, botocore, start, ministack):
    with ministack.durable_function() as name:
        running = start(name, does="ask")
        # The rows of one second have no order, so the other executions start in a later second.
        assert call("wait", running, 1_000)["ok"]["status"] == "running"
        succeeded = start(name, does="return", value=1)
        failed = start(name, does="raise", order=1)

        def rows(**fields):
            return call("list-executions", execution_query(name, **fields))["ok"]["executions"]

        def arns(**fields):
            return [row["arn"] for row in rows(**fields)]

        found = rows()
        read = botocore.list_durable_executions_by_function(FunctionName=name)["DurableExecutions"]
        assert found == [execution(row) for row in read]
        statuses = {succeeded: "succeeded", failed: "failed", running: "running"}
        assert {row["arn"]: row["status"] for row in found} == statuses
        assert all("input" not in row and "output" not in row and "failure" not in row for row in found)
        assert found[2]["arn"] == running
        assert arns(oldest_first=True)[0] == running
        assert arns(name=found[2]["name"]) == [running]
        assert arns(name="order-7") == []
        assert arns(statuses=[Word("failed")]) == [failed]
        assert arns(statuses=[Word("succeeded")]) == [succeeded]
        assert arns(statuses=[Word("stopped")]) == []
        query = execution_query(name, limit=2)
        found_pages = pages(lambda query: call("list-executions", query), query, "executions")
        assert found_pages == [found[:2], found[2:]]


def test_further_statuses_and_times_of_a_query_are_ignored(call, start, ministack):
    """ministack filters by the first status only, and cannot read the times."""
    with ministack.durable_function() as name:
        arn = start(name, does="raise", order=1)
        failed = execution_query(name, statuses=[Word("failed"), Word("running")], started_after_ms=4_000_000_000_000)
        running = execution_query(name, statuses=[Word("running"), Word("failed")], started_before_ms=1_000)
        assert [row["arn"] for row in call("list-executions", failed)["ok"]["executions"]] == [arn]
        assert call("list-executions", running)["ok"]["executions"] == []


def test_durable_function_is_marked_in_the_list_of_functions(call, ministack):
    query = {"name_contains": "dur", "all_versions": False}
    [function] = call("list-functions", query, keys=ministack.user)["ok"]["functions"]
    assert (function["name"], function["durable"]) == ("durable", True)


def test_execution_of_an_alias_has_the_version_that_runs(call, botocore, start):
    arn = start("durable:live", does="return", value=[])
    assert ":function:durable:1/durable-execution/" in arn
    found = call("get", arn, True)["ok"]
    assert (found["version"], found["output"]) == ("1", "[]")
    assert found == execution(botocore.get_durable_execution(DurableExecutionArn=arn))
    # AWS lists the executions of every version if the query has no qualifier.
    for qualifier, is_listed in [({"qualifier": "1"}, True), ({"qualifier": "$LATEST"}, False), ({}, False)]:
        rows = call("list-executions", execution_query("durable", **qualifier))["ok"]["executions"]
        assert (arn in {row["arn"] for row in rows}) is is_listed


def test_data_that_was_not_requested_is_left_out_of_an_execution(call, start):
    """ministack ignores the parameter that excludes it."""
    arn = start(does="return", value=1)
    found = call("get", arn, False)["ok"]
    assert (found["status"], found.get("input"), found.get("output")) == ("succeeded", None, None)
    events = call("history", history_query(arn, with_data=False))["ok"]["events"]
    assert json.loads(events[-1]["details"])["Result"]["Payload"] == "1"


@pytest.mark.parametrize("function", ["durable", "absent"])
def test_unknown_execution_is_not_found(call, ministack, function):
    arn = f"{ministack.function_arn(function)}:$LATEST/durable-execution/order-7/2f6b1c0e"
    for result in [
        call("get", arn, True),
        call("history", history_query(arn)),
        call("stop", arn, NONE),
        # A new execution may not be visible yet, so that `wait` polls until its time is up.
        call("wait", arn, 0),
    ]:
        error = service_error(result, 404, "not-found")
        assert error["code"] == "ResourceNotFoundException"
        assert arn in error["message"]
        assert "the execution's ARN" in error["hint"]


def test_unknown_callback_and_unknown_function_are_not_found(call):
    for outcome in [Case(succeeded=list(b"{}")), Case(failed=FAILURE), Word("heartbeat")]:
        error = service_error(call("complete-callback", "b3JkZXI=", outcome), 404, "not-found")
        assert error["code"] == "ResourceNotFoundException"
        assert "the callback's ID" in error["hint"]
    error = service_error(call("list-executions", execution_query("absent")), 404, "not-found")
    assert "the function's name" in error["hint"]


def test_caller_without_permission_cannot_list(call, ministack):
    """ministack does not authorize the other calls on executions."""
    result = call("list-executions", execution_query("durable"), keys=ministack.stranger)
    error = service_error(result, 403, "access-denied")
    assert "lambda:ListDurableExecutionsByFunction" in error["hint"]
    assert "arn:aws:lambda:us-east-1:<account>:function:durable" in error["hint"]


def test_invalid_signature_is_unauthenticated(call, ministack, start):
    arn = start(does="ask")
    keys = replace(ministack.operator, secret_access_key="wrong")
    for result in [
        call("get", arn, True, keys=keys),
        call("history", history_query(arn), keys=keys),
        call("list-executions", execution_query("durable"), keys=keys),
        call("stop", arn, NONE, keys=keys),
        call("complete-callback", callback_of(call, arn), Word("heartbeat"), keys=keys),
    ]:
        error = result["err"]["unauthenticated"]
        assert (error["status-code"], error["code"]) == (403, "InvalidSignatureException")
        assert error["executed"] == "no"


def test_name_is_ignored_so_that_a_second_call_starts_another_execution(call):
    """AWS attaches the second call to the running execution, and returns its result."""
    request = {"function": "durable", "payload": json.dumps({"does": "ask"}), "durable_execution_name": "order-7"}
    first, second = (call("invoke", request)["ok"]["durable-execution-arn"] for _ in range(2))
    assert first != second
    for arn in [first, second]:
        assert call("get", arn, False)["ok"]["name"] != "order-7"
        call("stop", arn, NONE)
