"""Each exception, its evidence about the run, and that it shows no secret."""

import asyncio
import json
import pickle
import sys
import traceback
import uuid

import pytest

from aws_lambda_connector import (
    AsyncClient,
    Client,
    ConnectorError,
    Delivery,
    ErrorCategory,
    Executed,
    FailureCause,
    FunctionFailedError,
    HostError,
    InvalidInputError,
    ServiceError,
    TransportError,
    TransportKind,
    UnauthenticatedError,
    UrlEndpoint,
)
from aws_lambda_connector import _payload


def raised_by(call):
    with pytest.raises(ConnectorError) as raised:
        call()
    return raised.value


def test_rejected_input_names_its_field(client):
    error = raised_by(lambda: client.invoke("echo", "{}", delivery=Delivery(max_attempts=11)))
    assert (type(error), error.field, error.executed) == (
        InvalidInputError,
        "request.delivery.max-attempts",
        Executed.NO,
    )
    assert isinstance(error, ValueError)


@pytest.mark.parametrize("value", [-1, 256, True])
def test_integer_that_does_not_fit_is_rejected(client, value):
    error = raised_by(lambda: client.invoke("echo", "{}", delivery=Delivery(max_attempts=value)))
    assert str(error) == "request.delivery.max-attempts: must be an integer from 0 to 255"


def test_word_that_does_not_exist_is_rejected_without_repeating_it(client):
    error = raised_by(lambda: client.invoke("echo", "{}", invocation_type="a secret"))
    assert str(error) == "request.invocation-type: must be one of 'request-response', 'event', 'dry-run'"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"payload": "{"}, "not valid JSON"),
        ({"payload": b"\xff"}, "must be JSON in UTF-8"),
        ({"payload": '"\ud800"'}, "surrogate"),
        ({"json": "\ud800"}, "surrogate"),
        ({"json": {1, 2}}, "type set is not JSON serializable"),
        ({"json": float("nan")}, "not JSON compliant"),
        ({"payload": "1", "json": 1}, "excludes `json`"),
    ],
)
def test_payload_that_is_not_json_is_rejected(client, arguments, message):
    error = raised_by(lambda: client.invoke("echo", **arguments))
    assert (error.field, error.executed) == ("request.payload", Executed.NO)
    assert message in str(error)


def test_value_as_payload_is_a_type_error(client):
    with pytest.raises(TypeError, match="pass a value to be serialized as `json`"):
        client.invoke("echo", {"name": "Ada"})


def test_wrong_type_of_a_field_is_a_type_error(client):
    with pytest.raises(TypeError, match=r"request\.qualifier must be str, not int"):
        client.invoke("echo", "{}", qualifier=7)


def test_wrong_key_is_unauthenticated():
    client = Client(aws_access_key_id="AKIDLOCALLAMBDA", aws_secret_access_key="wrong")
    error = raised_by(lambda: client.invoke("echo", "{}"))
    assert (type(error), error.code, error.status_code, error.category) == (
        UnauthenticatedError,
        "InvalidSignatureException",
        403,
        ErrorCategory.CREDENTIALS,
    )
    assert (error.executed, error.retryable, error.attempts) == (Executed.NO, False, 1)


def test_missing_function_is_an_error_of_the_service(client):
    error = raised_by(lambda: client.invoke("missing", "{}"))
    assert (type(error), error.code, error.status_code) == (ServiceError, "ResourceNotFoundException", 404)
    assert (error.category, error.executed, error.retryable) == (ErrorCategory.NOT_FOUND, Executed.NO, False)
    assert error.hint == "check the function's name, its qualifier, the region and the account"
    assert uuid.UUID(error.request_id)


def test_endpoint_that_does_not_listen_is_a_transport_error():
    error = raised_by(lambda: Client(endpoint_url="http://127.0.0.1:1").invoke("echo", "{}"))
    assert (type(error), error.kind, error.executed) == (TransportError, TransportKind.CONNECT, Executed.NO)


def test_failed_function_is_an_exception_with_its_invocation(client):
    error = raised_by(lambda: client.invoke("fail", json={"type": "OrderNotFound", "message": "no order 7"}))
    assert (type(error), error.executed) == (FunctionFailedError, Executed.YES)
    assert (error.failure.cause, error.failure.error_type, error.failure.error_message) == (
        FailureCause.THROWN,
        "OrderNotFound",
        "no order 7",
    )
    assert error.failure.stack_trace
    assert json.loads(error.invocation.output)["errorType"] == "OrderNotFound"
    assert str(error) == "the function failed (thrown): OrderNotFound: no order 7"


def test_call_longer_than_the_connect_timeout_runs_once(client, runs):
    key = str(uuid.uuid4())
    invocation = client.invoke("count", json={"key": key, "ms": 1_500}, delivery=Delivery(connect_timeout_ms=500))
    assert json.loads(invocation.output) == {"key": key, "runs": 1}
    assert runs(key) == 1


def test_call_without_response_is_unknown_and_runs_once(client, runs):
    key = str(uuid.uuid4())
    call = {"json": {"key": key, "ms": 60_000}, "delivery": Delivery(response_timeout_ms=500)}
    error = raised_by(lambda: client.invoke("count", **call))
    assert (error.kind, error.executed, error.attempts) == (TransportKind.TIMEOUT, Executed.UNKNOWN, 1)
    assert runs(key) == 1


def test_call_beyond_the_time_limit_is_abandoned_and_runs_once(runs):
    key = str(uuid.uuid4())
    client = Client(call_timeout=1, max_concurrent_calls=1)
    error = raised_by(lambda: client.invoke("count", json={"key": key, "ms": 60_000}))
    assert (type(error), error.executed) == (HostError, Executed.UNKNOWN)
    # The abandoned call still has the only thread.
    error = raised_by(lambda: client.invoke("count", json={"key": key}))
    assert (type(error), error.executed) == (HostError, Executed.NO)
    assert "no thread was free" in str(error)
    assert runs(key) == 1


def test_async_call_beyond_the_time_limit_is_abandoned_and_runs_once(runs):
    key = str(uuid.uuid4())

    async def call():
        await AsyncClient(call_timeout=1).invoke("count", json={"key": key, "ms": 60_000})

    error = raised_by(lambda: asyncio.run(call()))
    assert (type(error), error.executed) == (HostError, Executed.UNKNOWN)
    assert runs(key) == 1


def test_memory_limit_ends_the_call(client, runs):
    small = Client(memory_limit=2 << 20)
    error = raised_by(lambda: small.invoke("echo", json="x" * (4 << 20)))
    assert (type(error), error.executed) == (HostError, Executed.UNKNOWN)
    assert client.invoke("echo", "7").output == "7"


def test_wrong_hash_is_rejected_with_a_hint(client, runs):
    key = str(uuid.uuid4())
    error = raised_by(lambda: client.invoke("count", json={"key": key}, payload_sha256=bytes(32)))
    assert (error.code, error.executed) == ("InvalidSignatureException", Executed.NO)
    assert "payload-sha256" in error.hint
    assert runs(key) == 0


def test_hash_of_the_package_is_the_one_that_is_signed(client, monkeypatch):
    class Wrong:
        @staticmethod
        def sha256(_):
            return __import__("hashlib").sha256(b"something else")

    monkeypatch.setattr(_payload, "hashlib", Wrong)
    error = raised_by(lambda: client.invoke("echo", "{}"))
    assert (error.code, error.executed) == ("InvalidSignatureException", Executed.NO)


def test_serialized_value_is_not_checked_again(client, monkeypatch):
    monkeypatch.setattr(_payload, "_serialized", lambda value: "not JSON")
    error = raised_by(lambda: client.invoke("echo", json={}))
    # Lambda rejects it. The component would have raised `InvalidInputError`.
    assert (type(error), error.code) == (ServiceError, "InvalidRequestContentException")


@pytest.mark.parametrize("missing", ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_incomplete_environment_is_reported(monkeypatch, missing):
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.delenv(missing)
    assert missing in str(raised_by(Client))


def test_keys_of_the_arguments_and_the_environment_do_not_mix():
    assert "incomplete" in str(raised_by(lambda: Client(aws_access_key_id="AKIDLOCALLAMBDA")))


@pytest.mark.parametrize("client", [Client, AsyncClient])
@pytest.mark.parametrize("seconds", [0, -1, float("nan"), 86_401, 1e10, sys.maxsize, 10**400, float("inf")])
def test_call_timeout_out_of_range_is_rejected_by_the_constructor(client, seconds):
    error = raised_by(lambda: client(call_timeout=seconds))
    assert (type(error), error.executed) == (InvalidInputError, Executed.NO)
    assert str(error) == "call_timeout: must be a positive number of seconds, at most 86,400 (a day)"


def test_largest_limits_of_a_client_are_accepted():
    assert Client(call_timeout=86_400, memory_limit=4 << 30).invoke("echo", "7").output == "7"


@pytest.mark.parametrize("size", [(1 << 20) - 1, (4 << 30) + 1, 1 << 63, 1 << 64])
def test_memory_limit_out_of_range_is_rejected_by_the_constructor(size):
    error = raised_by(lambda: Client(memory_limit=size))
    assert str(error) == "memory_limit: must be from 1 MiB (1048576) to 4 GiB (4294967296)"


@pytest.mark.parametrize("argument", ["max_concurrent_calls", "memory_limit"])
def test_limit_that_is_not_an_integer_is_a_type_error(argument):
    with pytest.raises(TypeError, match=f"{argument} must be int, not float"):
        Client(**{argument: 1.5e9})


@pytest.mark.parametrize("milliseconds", [-1, 1 << 32, 1 << 70, 10**400])
def test_wait_for_an_execution_out_of_range_is_rejected(client, milliseconds):
    error = raised_by(lambda: client.executions.wait("arn", timeout_ms=milliseconds))
    assert str(error) == "timeout-ms: must be an integer from 0 to 4294967295"


SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"


def test_no_secret_is_shown():
    client = Client(aws_access_key_id="AKIDLOCALLAMBDA", aws_secret_access_key=SECRET, aws_session_token=SECRET)
    texts = [repr(client), str(client), repr(client.connection), repr(client.connection.credentials)]
    texts.append(repr(UrlEndpoint(f"https://user:{SECRET}@host")))
    for call in [
        lambda: client.invoke("echo", "{}"),
        lambda: client.test_connection(),
        lambda: client.invoke("echo", "{}", invocation_type=SECRET),
        lambda: Client(endpoint_url=f"https://user:{SECRET}@host"),
        lambda: Client(allowed_hosts=[f"https://user:{SECRET}@host"]),
        lambda: Client(aws_secret_access_key=SECRET),
        lambda: Client(endpoint_url="http://127.0.0.1:1", aws_access_key_id="A", aws_secret_access_key=SECRET).invoke("e"),
    ]:
        try:
            texts.append(repr(call()))
        except ConnectorError as error:
            texts += [repr(error), str(error), *traceback.format_exception(type(error), error, error.__traceback__)]
    assert len(texts) > 20
    # A traceback has the lines of this file, but no values.
    assert not [text for text in texts if SECRET in text]


def test_exceptions_survive_pickling(client):
    for call in [
        lambda: client.invoke("missing", "{}"),
        lambda: client.invoke("fail", json={"type": "T", "message": "m"}),
        lambda: client.invoke("echo", "{"),
        lambda: Client(allowed_hosts=[]).invoke("echo", "{}"),
    ]:
        error = raised_by(call)
        copy = pickle.loads(pickle.dumps(error))
        assert (type(copy), copy.detail, copy.executed) == (type(error), error.detail, error.executed)
    copy = pickle.loads(pickle.dumps(HostError("stopped", Executed.UNKNOWN)))
    assert (copy.message, copy.executed) == ("stopped", Executed.UNKNOWN)
