"""Tests against AWS's runtime interface emulator: what a real runtime receives and returns.

The emulator ignores the invocation type and the signature, and never sets the header that reports a
failed function. No test here relies on them.
"""

import base64
import hashlib
import json

import pytest

MIB = 1_048_576


def test_client_context_and_tenant_reach_the_function(python_function):
    client_context = {"client": {"app_title": "e2e"}, "custom": {"größe": "12 🚀"}, "env": {"locale": "de"}}
    answer = python_function("context").invoke(
        "function",
        "{}",
        # The signature collapses the two spaces, but the function must receive both.
        tenant_id="tenant  two",
        client_context=json.dumps(client_context, ensure_ascii=False),
    )
    seen = json.loads(answer.text())
    assert seen["tenant"] == "tenant  two"
    assert seen["client"] == {"app_title": "e2e", "custom": {"größe": "12 🚀"}, "env": {"locale": "de"}}


def test_function_without_client_context_and_tenant_sees_none(python_function):
    seen = json.loads(python_function("context").invoke("function", "{}").text())
    assert (seen["tenant"], seen["client"]) == (None, None)


def test_requested_id_reaches_the_function(python_function):
    """The emulator's response does not repeat the ID, so that the connector does not claim it."""
    asked = "7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f2c11"
    answer = python_function("context").invoke("function", "{}", request_id=asked.upper())
    assert json.loads(answer.text())["request_id"] == asked
    assert answer.ok()["request-id"] is None


def test_error_document_without_the_header_is_a_success(python_function):
    """Only the header marks a failure, so the emulator's error document is an ordinary response."""
    answer = json.loads(python_function("raises").invoke("function", '{"order": 7}').text())
    assert (answer["errorType"], answer["errorMessage"]) == ("OrderNotFound", "no order 7")
    assert "raise OrderNotFound" in answer["stackTrace"][0]


@pytest.mark.parametrize(
    "payload",
    [
        '{ "b":1,"a" :  12345678901234567890.10, "a": 2e400 }',
        '"größe 尺寸 🚀 \\u00e9 \\ud83d\\ude80"',
        "\n[ 1 ,\t2 ]\n",
        "null",
    ],
)
def test_payload_survives_byte_for_byte(raw_function, payload):
    assert raw_function.invoke("function", payload).ok()["output"] == {"text": payload}


def test_response_that_is_not_text_is_binary(raw_function):
    encoded = base64.b64encode(bytes(range(256))).decode()
    answer = raw_function.invoke("function", json.dumps(f"base64:{encoded}")).ok()
    assert answer["output"] == {"binary": encoded}


@pytest.mark.parametrize("size", [500_000, 5 * MIB, 6 * MIB])
def test_large_payload_survives_both_directions(raw_function, size):
    # Lambda's limit is 6 MiB (6,291,456 bytes). No part of the text repeats.
    text = "".join(f"{number:08}" for number in range(size // 8 + 1))
    payload = f'"{text[: size - 2]}"'
    answer = raw_function.invoke("function", payload).text()
    assert len(answer) == size
    assert hashlib.sha256(answer.encode()).hexdigest() == hashlib.sha256(payload.encode()).hexdigest()


def test_plain_404_is_not_found(raw_function):
    """The emulator serves one function. For any other name, its HTTP server returns a plain 404,
    which is not Lambda's error code and proves nothing."""
    error = raw_function.invoke("other", "{}").error("service")
    assert (error["status-code"], error["category"], error["executed"]) == (404, "not-found", "unknown")


def test_dry_run_may_have_run_the_function(raw_function):
    """The emulator ignores the invocation type, runs the function and responds with 200."""
    error = raw_function.invoke("function", "{}", type="dry-run").error("transport")
    assert (error["kind"], error["executed"], error["attempts"]) == ("malformed", "unknown", 1)


def test_emulator_at_a_url_is_not_lambda(python_function, home):
    """Without the request ID, only an endpoint that is declared an emulator is believed."""
    error = python_function("context").as_url().invoke("function", "{}").error("transport")
    assert (error["kind"], error["executed"], error["attempts"]) == ("not-lambda", "unknown", 1)
