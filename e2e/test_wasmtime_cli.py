"""Both components in the wasmtime command line, without the reference host. Each call is one command.

The keys are command-line arguments, which every user of the machine can read. Never do that with real
keys.
"""

import pytest

from connector import Keys
from peers import trickle, wasmtime_cli
from peers.wave import Word

PAYLOAD = '{"big": 123456789012345678901234567890, "text": "größe 尺寸 🚀 \\" \\\\ \\n"}'


@pytest.fixture
def call(ministack, command_line):
    """Calls an export with a connection to ministack: keys, function, arguments -> result."""

    def call(keys, function, *arguments):
        return command_line(function, wasmtime_cli.connection(keys, emulator=ministack.endpoint), *arguments)

    return call


def test_function_returns_its_event(ministack, call):
    answer = call(ministack.user, "invoke", {"function": "echo", "payload": PAYLOAD})["ok"]
    assert answer["output"] == {"text": PAYLOAD}
    assert (answer["status-code"], answer["executed-version"]) == (200, "$LATEST")
    assert "log" not in answer


def test_payload_of_many_writes_is_returned(ministack, call):
    payload = '"' + "".join(f"{number:05} ü " for number in range(8_000)) + '"'
    answer = call(ministack.user, "invoke", {"function": "echo", "payload": payload})["ok"]
    assert answer["output"] == {"text": payload}


def test_body_that_follows_the_head_later_is_received(command_line):
    with trickle.running() as url:
        connection = wasmtime_cli.connection(Keys("A", "s"), url=url)
        answer = command_line("invoke", connection, {"function": "f", "payload": "{}"})["ok"]
    assert answer["output"] == {"text": trickle.BODY}


def test_every_option_of_a_request_is_accepted(ministack, call):
    request = {
        "function": "context",
        "qualifier": "live",
        "invocation_type": Word("request-response"),
        "log_type": Word("tail"),
        "client_context": '{"custom": {"k": "v"}}',
        "payload": "{}",
        "tenant_id": "tenant  two",
        "trace_id": "Root=1-5759e988-bd862e3fe1be46a994272793",
        "request_id": "7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f2c11",
        "delivery": {"max_attempts": 1, "response_timeout_ms": 60_000, "idempotent": False},
    }
    answer = call(ministack.user, "invoke", request)["ok"]
    assert (answer["status-code"], answer["executed-version"], answer["attempts"]) == (200, "1", 1)


def test_role_session_invokes(ministack, call):
    answer = call(ministack.session, "invoke", {"function": "echo", "payload": "[7]"})
    assert answer["ok"]["output"] == {"text": "[7]"}


def test_raised_exception_is_a_function_failure(ministack, call):
    answer = call(ministack.user, "invoke", {"function": "raises", "payload": '{"order": 7}'})
    failure = answer["err"]["function-failed"]["failure"]
    assert (failure["marker"], failure["cause"], failure["error-message"]) == ("Unhandled", "thrown", "no order 7")


def test_caller_without_permission_is_denied(ministack, call):
    error = call(ministack.stranger, "invoke", {"function": "echo", "payload": "{}"})["err"]["service"]
    assert (error["category"], error["executed"]) == ("access-denied", "no")
    assert "lambda:InvokeFunction" in error["hint"]


def test_functions_are_listed(ministack, call):
    page = call(ministack.user, "list-functions", {"name_contains": "PAGE-0", "all_versions": False})["ok"]
    assert [function["name"] for function in page["functions"]] == [f"page-0{digit}" for digit in range(10)]
    assert "next" not in page


def test_qualifiers_are_listed(ministack, call):
    choices = call(ministack.user, "list-qualifiers", "context")["ok"]
    assert sorted((choice["kind"], choice["name"]) for choice in choices) == [
        ("alias", "live"),
        ("latest", "$LATEST"),
        ("version", "1"),
    ]


def test_connection_test_reports_each_subject(ministack, call):
    def outcomes(keys):
        checks = call(keys, "test-connection", "echo", Word("none"))["ok"]
        return {check["subject"]: (check["outcome"], check["detail"]) for check in checks}

    caller = outcomes(ministack.user)
    assert {subject: outcome for subject, (outcome, _) in caller.items()} == {
        "clock": "passed",
        "endpoint": "passed",
        "identity": "passed",
        "list-functions": "passed",
        "invoke-function": "passed",
        "function-configuration": "passed",
    }
    assert ":user/caller of account 000000000000" in caller["identity"][1]
    stranger = outcomes(ministack.stranger)
    assert "lambda:ListFunctions" in stranger["list-functions"][1]
    assert "lambda:InvokeFunction" in stranger["invoke-function"][1]
    assert "lambda:GetFunctionConfiguration" in stranger["function-configuration"][1]
    assert stranger["endpoint"][0] == "passed"
