"""Tests against ministack, which runs functions and checks signatures and permissions."""

import json
import time
from dataclasses import replace

import pytest

from connector import Connector, Keys
from peers.ministack import FUNCTION_NAMES

# Only a failing test waits this long, because the file is polled.
RUN_LIMIT_SECONDS = 30
# In the notation of the Python runtime, so that an echo is the same text.
PAYLOAD = '{"big": 123456789012345678901234567890, "text": "größe 尺寸 🚀 \\" \\\\", "half": 1.0, "none": [null, {}]}'


def test_function_returns_its_event(connector):
    answer = connector.invoke("echo", PAYLOAD).ok()
    assert answer["output"] == {"text": PAYLOAD}
    assert (answer["status-code"], answer["executed-version"]) == (200, "$LATEST")
    assert answer["log"] is None
    assert answer["request-id"]


def test_request_id_of_the_service_is_reported_if_it_ignores_the_requested_one(connector):
    asked = "7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f2c11"
    answer = connector.invoke("context", "{}", request_id=asked)
    assert json.loads(answer.text())["request_id"] != asked
    assert answer.ok()["request-id"] not in (None, asked)


@pytest.mark.parametrize("payload", ["null", "7", '"text"', "[1, 2]", "{}"])
def test_any_json_value_is_a_valid_event(connector, payload):
    assert connector.invoke("echo", payload).text() == payload


def test_role_session_invokes(ministack, home):
    assert Connector(ministack.endpoint, ministack.session, home).invoke("echo", PAYLOAD).text() == PAYLOAD


def test_raised_exception_is_a_function_failure(connector):
    failed = connector.invoke("raises", '{"order": 7}').error("function-failed")
    assert failed["failure"] == {
        "marker": "Unhandled",
        "cause": "thrown",
        # AWS names the exception's class here.
        "error-type": "Runtime.HandlerError",
        "error-message": "no order 7",
        "stack-trace": [],
    }
    assert failed["invocation"]["status-code"] == 200
    assert json.loads(failed["invocation"]["output"]["text"])["errorMessage"] == "no order 7"


def test_function_timeout_is_a_function_failure(connector):
    failure = connector.invoke("slow", "{}").error("function-failed")["failure"]
    assert (failure["cause"], failure["error-type"]) == ("timed-out", "Sandbox.Timedout")
    assert failure["error-message"] == "Task timed out after 1.00 seconds"


def test_response_that_looks_like_an_error_is_a_success(connector):
    answer = json.loads(connector.invoke("looks_failed", "{}").text())
    assert answer == {"errorMessage": "a field of the answer", "errorType": "NotAnError", "stackTrace": []}


def test_log_tail_is_text(connector):
    answer = connector.invoke("prints", json.dumps({"lines": ["first", "größe 🚀"]}), log=True).ok()
    assert answer["log"]["text"].splitlines() == ["first", "größe 🚀"]
    assert answer["log"]["truncated"] is False
    assert answer["output"] == {"text": "2"}


def test_long_log_is_truncated_to_its_end(connector):
    lines = [f"line {number:04} größe" for number in range(600)]
    log = connector.invoke("prints", json.dumps({"lines": lines}), log=True).ok()["log"]
    assert log["truncated"] is True
    assert 3_000 < len(log["text"].encode()) <= 4_096
    assert "\n".join(lines).endswith(log["text"].rstrip("\n"))


@pytest.mark.parametrize(
    ("function", "qualifier", "version", "invoked_as"),
    [
        ("context", None, "$LATEST", "context"),
        ("context", "$LATEST", "$LATEST", "context:$LATEST"),
        ("context", "1", "1", "context:1"),
        ("context", "live", "1", "context:live"),
        ("context:live", None, "1", "context:live"),
        ("context:$LATEST", None, "$LATEST", "context:$LATEST"),
        ("context:1", "1", "1", "context:1"),
        ("ARN:context", None, "$LATEST", "context"),
        ("ARN:context", "live", "1", "context:live"),
        ("ARN:context:live", None, "1", "context:live"),
        ("ARN:context:$LATEST", None, "$LATEST", "context:$LATEST"),
    ],
)
def test_name_form_and_qualifier_select_the_version(ministack, connector, function, qualifier, version, invoked_as):
    prefix = ministack.function_arn("")
    answer = connector.invoke(function.replace("ARN:", prefix), "{}", qualifier=qualifier).ok()
    assert answer["executed-version"] == version
    seen = json.loads(answer["output"]["text"])
    assert (seen["version"], seen["arn"]) == (version, prefix + invoked_as)


def test_event_runs_and_dry_run_does_not(connector, tmp_path):
    file = tmp_path / "runs"

    def invoke(kind):
        return connector.invoke("records", json.dumps({"file": str(file), "note": kind}), type=kind).ok()

    dry = invoke("dry-run")
    assert (dry["status-code"], dry["output"]) == (204, None)
    queued = invoke("event")
    assert (queued["status-code"], queued["output"]) == (202, None)
    give_up = time.monotonic() + RUN_LIMIT_SECONDS
    while not file.exists() and time.monotonic() < give_up:
        time.sleep(0.02)
    # The synchronous run is the last one, so earlier runs precede it in the file.
    assert invoke("request-response")["output"] == {"text": '"recorded"'}
    assert file.read_text().splitlines() == ['"event"', '"request-response"']


@pytest.mark.parametrize(("function", "qualifier"), [("absent", None), ("context", "nobody"), ("context", "2")])
def test_missing_function_or_qualifier_is_not_found(connector, function, qualifier):
    error = connector.invoke(function, "{}", qualifier=qualifier).error("service")
    assert (error["status-code"], error["code"]) == (404, "ResourceNotFoundException")
    assert (error["category"], error["executed"], error["retryable"]) == ("not-found", "no", False)
    assert function in error["message"]


def test_throttled_call_did_not_run(connector):
    error = connector.invoke("throttled", "{}").error("service")
    assert (error["status-code"], error["code"]) == (429, "TooManyRequestsException")
    assert (error["category"], error["executed"], error["retryable"]) == ("throttled", "no", True)
    assert "reserved concurrency" in error["hint"]


REFUSED_KEYS = {
    "wrong secret": lambda user, session: Keys(user.access_key_id, "wrong"),
    "unknown key": lambda user, session: Keys("AKIAUNKNOWN000000000", "wrong"),
    "token where none belongs": lambda user, session: replace(user, session_token="wrong"),
    "no token": lambda user, session: replace(session, session_token=None),
    "wrong token": lambda user, session: replace(session, session_token="wrong"),
}


@pytest.mark.parametrize("case", REFUSED_KEYS)
def test_invalid_keys_are_unauthenticated(ministack, home, case):
    keys = REFUSED_KEYS[case](ministack.user, ministack.session)
    is_signed_wrong = case == "wrong secret"
    code = "InvalidSignatureException" if is_signed_wrong else "UnrecognizedClientException"
    sts_code = "SignatureDoesNotMatch" if is_signed_wrong else "InvalidClientTokenId"
    # STS rejects the keys before Lambda sees them, unless the host does not ask it for limited keys.
    for scope, code in [("off", code), ("prefer", sts_code)]:
        connector = Connector(ministack.endpoint, keys, home, scope=scope)
        error = connector.invoke("echo", "{}").error("unauthenticated")
        assert (error["status-code"], error["code"]) == (403, code)
        assert (error["category"], error["executed"]) == ("credentials", "no")


def test_caller_without_permission_is_denied(ministack, home):
    error = Connector(ministack.endpoint, ministack.stranger, home).invoke("echo", "{}").error("service")
    assert (error["status-code"], error["code"]) == (403, "AccessDeniedException")
    assert (error["category"], error["executed"], error["retryable"]) == ("access-denied", "no", False)
    assert "lambda:InvokeFunction" in error["hint"]
    assert "echo" in error["hint"]


def test_role_session_has_only_the_permissions_of_its_role(ministack, home):
    session = Connector(ministack.endpoint, ministack.session, home)
    assert "context" in session.invoke("context", "{}").error("service")["hint"]
    error = session.list_functions().error("service")
    assert error["category"] == "access-denied"
    assert "lambda:ListFunctions" in error["hint"]


def pages(connector, **query):
    """The rows of every page, following the cursors."""
    rows, cursor = [], None
    while True:
        page = connector.list_functions(cursor=cursor, **query).ok()
        rows.append([row["name"] for row in page["functions"]])
        cursor = page["next"]
        if cursor is None:
            return rows


def test_pages_contain_every_function_once(connector):
    found = pages(connector, limit=20)
    assert [len(rows) for rows in found] == [20, 20, 20, len(FUNCTION_NAMES) - 60]
    assert sorted(name for rows in found for name in rows) == sorted(FUNCTION_NAMES)


def test_page_has_50_functions_by_default(connector):
    assert [len(rows) for rows in pages(connector)] == [50, len(FUNCTION_NAMES) - 50]


def test_large_limit_follows_pages_of_lambda(connector):
    assert [sorted(rows) for rows in pages(connector, limit=10_000)] == [sorted(FUNCTION_NAMES)]


def test_filtered_pages_contain_every_match(connector):
    found = pages(connector, name_contains="GE-1", limit=4)
    assert [len(rows) for rows in found if rows] == [4, 4, 2]
    assert [name for rows in found for name in rows] == [f"page-1{digit}" for digit in range(10)]


def test_summary_omits_environment_variables(ministack, connector):
    answer = connector.list_functions(name_contains="page-00")
    [summary] = answer.ok()["functions"]
    assert summary.pop("last-modified").startswith("20")
    assert summary == {
        "name": "page-00",
        "arn": ministack.function_arn("page-00"),
        "version": "$LATEST",
        "description": "is page-00",
        "runtime": "python3.13",
        "package-type": "Zip",
        "architectures": ["x86_64"],
        "timeout-seconds": 3,
        "memory-size-mb": 128,
        "tenant-isolated": False,
        "durable": False,
    }


def test_qualifiers_list_aliases_before_versions(connector):
    found = connector.list_qualifiers("context").ok()
    assert found[0]["name"] == "live"
    assert {(choice["kind"], choice["name"]) for choice in found} == {
        ("alias", "live"),
        ("latest", "$LATEST"),
        ("version", "1"),
    }
    assert {choice["name"]: choice["description"] for choice in found}["1"] == "first release"


def test_qualifiers_of_a_missing_function_are_not_found(connector):
    assert connector.list_qualifiers("absent").error("service")["category"] == "not-found"


def test_success_with_a_request_id_is_lambdas_at_a_url(connector):
    assert connector.as_url().invoke("echo", PAYLOAD).text() == PAYLOAD
