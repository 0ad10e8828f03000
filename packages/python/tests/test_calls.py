"""Every function of the world, by the values that it returns."""

import asyncio
import hashlib
import json
import uuid

import pytest

from aws_lambda_connector import (
    AccessKey,
    AsyncClient,
    CheckOutcome,
    CheckSubject,
    Client,
    Delivery,
    ExecutionFailure,
    ExecutionStatus,
    HostSignedCredentials,
    QualifierChoice,
    QualifierKind,
    Scope,
    ServiceError,
    SucceededCallbackResult,
)


def test_value_is_serialized_and_the_output_returned(client):
    invocation = client.invoke("greet", json={"name": "Größe 尺寸 🚀"})
    assert invocation.output == '{"message":"Hello, Größe 尺寸 🚀!"}'
    assert (invocation.status_code, invocation.attempts, invocation.executed_version) == (200, 1, "$LATEST")


@pytest.mark.parametrize("convert", [str, str.encode, lambda text: bytearray(text.encode())])
def test_text_is_sent_and_returned_byte_for_byte(client, convert):
    payload = '{ "b": 12345678901234567890.10, "a": "größe 尺寸 🚀", "a": 2e400 }'
    assert client.invoke("echo", convert(payload)).output == payload


@pytest.mark.parametrize("value", [None, "text", 7, 12345678901234567890123, [1, {"a": None}], True])
def test_value_of_any_kind_is_sent_as_json(client, value):
    assert client.invoke("echo", json=value).output == json.dumps(value, separators=(",", ":"))


def test_large_integers_survive_as_text_and_as_value(client):
    number = 2**64 + 1
    assert client.invoke("echo", f'{{"n":{number}}}').output == f'{{"n":{number}}}'
    assert json.loads(client.invoke("echo", json={"n": number}).output) == {"n": number}


def test_largest_payload_survives_both_directions(client):
    inner = "".join(f"{number:08}" for number in range(786_432))
    payload = f'"{inner[:6_291_454]}"'
    output = client.invoke("echo", payload).output
    assert len(output) == 6_291_456
    assert hashlib.sha256(output.encode()).digest() == hashlib.sha256(payload.encode()).digest()


def test_binary_output_is_bytes(client):
    assert client.invoke("binary").output == b"\x89PNG\r\n\x1a\n\x00\xff\xfe"


def test_fields_of_the_request_reach_the_function(client):
    received = json.loads(
        client.invoke(
            "context",
            "{}",
            qualifier="$LATEST",
            client_context='{"custom":{"tier":"gold"}}',
            request_id="0d1d5ba1-7e0c-4c33-9d0f-6f3b1c1a5e11",
        ).output
    )
    assert received["qualifier"] == "$LATEST"
    assert received["clientContext"] == {"custom": {"tier": "gold"}}
    assert received["awsRequestId"] == "0d1d5ba1-7e0c-4c33-9d0f-6f3b1c1a5e11"


@pytest.mark.parametrize(("spelling", "status"), [("event", 202), ("Event", 202), ("dry-run", 204), ("DryRun", 204)])
def test_invocation_type_has_the_spelling_of_the_wit_or_of_aws(client, spelling, status):
    assert client.invoke("echo", "{}", invocation_type=spelling).status_code == status


def test_log_tail_has_its_report(client):
    log = client.invoke("log", json={"lines": ["first", "second"]}, log_type="Tail").log
    assert "\nfirst\nsecond\n" in log.text
    assert (log.truncated, log.report.memory_size_mb) == (False, 128)
    assert isinstance(log.report.duration_ms, float)


def test_functions_are_listed_page_by_page(client):
    page = client.list_functions(name_contains="ECH")
    assert [(found.name, found.arn, found.architectures) for found in page.functions] == [
        ("echo", "arn:aws:lambda:us-east-1:123456789012:function:echo", ("arm64",))
    ]
    assert page.next is None
    first = client.list_functions(max_items=2)
    second = client.list_functions(max_items=2, marker=first.next)
    assert [found.name for found in (*first.functions, *second.functions)] == ["echo", "greet", "fail", "slow"]


def test_iterator_returns_the_functions_of_all_pages(client):
    names = [found.name for found in client.iter_functions()]
    assert names[:3] == ["echo", "greet", "fail"]
    assert len(set(names)) == len(names) == len(client.list_functions(max_items=10_000).functions)


def test_qualifiers_are_listed(client):
    assert client.list_qualifiers("echo") == (
        QualifierChoice(name="$LATEST", kind=QualifierKind.LATEST, description="Returns its event, byte for byte"),
    )
    assert {found.kind for found in client.list_qualifiers("versioned")} > {QualifierKind.ALIAS, QualifierKind.VERSION}


def test_connection_test_reports_each_subject(client):
    checks = client.test_connection("echo")
    assert [check.subject for check in checks] == list(CheckSubject)
    assert {check.outcome for check in checks} == {CheckOutcome.PASSED}


def test_session_can_invoke_the_functions_of_its_scope_only(client):
    session = client.sessions.open(scope=Scope(functions=("echo",)))
    assert isinstance(session.keys, AccessKey)
    limited = Client(credentials=session.keys)
    assert limited.invoke("echo", "7").output == "7"
    with pytest.raises(Exception) as raised:
        limited.invoke("greet", json={"name": "Ada"})
    assert (raised.value.category, raised.value.executed) == ("access-denied", "no")


def started(client, steps):
    name = f"n-{uuid.uuid4()}"
    invocation = client.invoke(
        "workflow",
        json={"steps": steps},
        qualifier="$LATEST",
        invocation_type="event",
        durable_execution_name=name,
    )
    # An execution is not visible right after its start. The loop is bounded by the number of requests.
    for _ in range(10_000):
        try:
            client.executions.get(invocation.durable_execution_arn)
            break
        except ServiceError as error:
            assert error.code == "ResourceNotFoundException"
    return name, invocation.durable_execution_arn


def test_execution_is_waited_for_and_read(client):
    name, arn = started(client, [{"step": {"name": "one", "result": 12345678901234567890}}])
    execution = client.executions.wait(arn, timeout_ms=60_000)
    assert (execution.name, execution.status) == (name, ExecutionStatus.SUCCEEDED)
    assert execution.output == '{"results":[12345678901234567890]}'
    assert client.executions.get(arn, with_data=True) == execution
    assert client.executions.get(arn).output is None
    listed = client.executions.list_executions("workflow", name=name, statuses=["SUCCEEDED"])
    assert [found.arn for found in listed.executions] == [arn]
    assert [found.arn for found in client.executions.iter_executions("workflow", name=name)] == [arn]
    events = client.executions.history(arn, with_data=True).events
    assert [event.event_type for event in events][0] == "ExecutionStarted"
    assert tuple(client.executions.iter_history(arn, with_data=True)) == events


def test_callback_is_answered(client):
    _, arn = started(client, [{"callback": {"name": "approval"}}])
    answer = None
    # Bounded by the number of requests.
    for _ in range(10_000):
        events = client.executions.history(arn, with_data=True).events
        answer = next((event for event in events if event.event_type == "CallbackStarted"), None)
        if answer:
            break
    identifier = json.loads(answer.details)["CallbackId"]
    assert client.executions.complete_callback(identifier, SucceededCallbackResult(b'{"ok":true}')) is None
    execution = client.executions.wait(arn, timeout_ms=60_000)
    assert json.loads(execution.output) == {"results": [{"ok": True}]}


def test_execution_is_stopped_with_its_failure(client):
    _, arn = started(client, [{"wait": {"name": "long", "ms": 86_400_000}}])
    stopped_at = client.executions.stop(arn, failure=ExecutionFailure(error_type="Cancelled", error_message="by Ada"))
    execution = client.executions.wait(arn, timeout_ms=60_000)
    assert (execution.status, execution.failure.error_type) == (ExecutionStatus.STOPPED, "Cancelled")
    assert stopped_at == execution.ended_at_ms


def test_cards_are_described_tested_and_run(client):
    manifest = client.cards.describe()
    assert (manifest.name, [card.id for card in manifest.cards][:2]) == ("aws-lambda", ["invoke", "list-functions"])
    key = client.connection.credentials
    connection = {
        "region": client.connection.region,
        "credentialType": "accessKeys",
        "accessKeyId": key.access_key_id,
        "secretAccessKey": key.secret_access_key,
        "endpoint": client.connection.endpoint.value,
    }
    values = {"useFunctionName": "Yes", "functionName": "echo", "payload": {"n": 12345678901234567890}}
    output = client.cards.run(connection, "invoke", values)
    assert '"outputJson":{"n": 12345678901234567890}' in output
    assert json.loads(output)["executed"] == "yes"
    checks = client.cards.test(json.dumps(connection), "invoke", json.dumps(values))
    assert {check.outcome for check in checks} == {"passed"}
    choices = client.cards.choices(connection, "invoke", "yourFunctions", {}, search="gre").choices
    assert [choice.label for choice in choices] == ["greet"]


def test_delivery_of_the_client_applies_to_its_calls():
    client = Client(delivery=Delivery(max_attempts=11))
    with pytest.raises(ValueError, match="request.delivery.max-attempts"):
        client.invoke("echo", "{}")
    assert client.invoke("echo", "7", delivery=Delivery(max_attempts=1)).output == "7"


def test_credentials_of_another_kind_replace_the_keys_of_the_environment():
    client = Client(credentials=HostSignedCredentials())
    with pytest.raises(Exception) as raised:
        client.invoke("echo", "{}")
    assert (raised.value.code, raised.value.executed) == ("MissingAuthenticationTokenException", "no")


def test_async_client_has_the_same_functions():
    async def calls():
        client = AsyncClient()
        assert (await client.invoke("greet", json={"name": "Ada"})).output == '{"message":"Hello, Ada!"}'
        page = await client.list_functions(name_contains="ech")
        assert [found.name for found in page.functions] == ["echo"]
        assert [found.name async for found in client.iter_functions(name_contains="ech")] == ["echo"]
        assert (await client.cards.describe()).name == "aws-lambda"
        assert (await client.sessions.open(scope=Scope(functions=("echo",)))).principal
        with pytest.raises(ValueError, match="arn"):
            await client.executions.get("no ARN")

    asyncio.run(calls())


def test_both_clients_have_the_same_methods():
    def methods(cls):
        return {name for name in dir(cls) if not name.startswith("_")}

    assert methods(Client) == methods(AsyncClient)
    for part in ("executions", "sessions", "cards"):
        assert methods(type(getattr(Client(), part))) == methods(type(getattr(AsyncClient(), part)))
