"""The client. `aio.py` is generated from this file."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from aws_lambda_connector import _connection, _wit
from aws_lambda_connector._core import Core
from aws_lambda_connector._payload import NOT_GIVEN, prepare
from aws_lambda_connector._sandbox import sandbox
from aws_lambda_connector.exceptions import HostError
from aws_lambda_connector.types import (
    CallbackResult,
    Check,
    ChoicePage,
    Connection,
    Credentials,
    Delivery,
    Endpoint,
    Executed,
    Execution,
    ExecutionFailure,
    ExecutionPage,
    ExecutionQuery,
    ExecutionStatus,
    FunctionPage,
    FunctionQuery,
    FunctionSummary,
    HistoryEvent,
    HistoryPage,
    HistoryQuery,
    Invocation,
    InvocationType,
    InvokeRequest,
    LogType,
    Manifest,
    QualifierChoice,
    ResponseMode,
    Scope,
    Session,
    SessionRequest,
)


class Client:
    """Calls Lambda for one connection. Its methods can be called from many threads at once.

    `region_name`, `aws_access_key_id`, `aws_secret_access_key`, `aws_session_token`, `endpoint_url`: as in
    boto3. What is not given comes from AWS's environment variables: `AWS_REGION` or `AWS_DEFAULT_REGION`,
    `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_ENDPOINT_URL_LAMBDA` or
    `AWS_ENDPOINT_URL`, `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT`. Keys come from the
    arguments or from the environment, never from both.

    `credentials`: other credentials than an access key, such as `AssumeRole`.

    `endpoint`: other endpoints than a URL, such as `FipsEndpoint()` or `EmulatorEndpoint(url)`.

    `connection`: all of the above as one value. The environment is not read.

    `allowed_hosts`: the only destinations that the component may reach, each as `HOST`, `HOST:PORT` or a
    URL. By default these are the region's Lambda hosts by https, the host of `endpoint_url`, and for
    roles, sessions, connection tests and cards the region's STS hosts.

    `delivery`: timeouts and retries of calls that have none of their own.

    `call_timeout`: seconds after which a call is abandoned with a `HostError`, at most 86,400. The default
    is Lambda's longest run and a minute.

    `max_concurrent_calls`: how many calls run at the same time. Up to 10,000 others wait. A call beyond
    these is a `HostError`.

    `memory_limit`: bytes of memory for one call, at most 4 GiB. The default is enough for the largest
    payload both ways.
    """

    def __init__(
        self,
        *,
        region_name: str | None = None,
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
        aws_session_token: str | None = None,
        endpoint_url: str | None = None,
        credentials: Credentials | None = None,
        endpoint: Endpoint | None = None,
        connection: Connection | None = None,
        allowed_hosts: Iterable[str] | None = None,
        delivery: Delivery | None = None,
        call_timeout: float = 1_860.0,
        max_concurrent_calls: int = 100,
        memory_limit: int = 64 << 20,
    ) -> None:
        access_key = (aws_access_key_id, aws_secret_access_key, aws_session_token)
        if connection is None:
            connection = _connection.connection(region_name, access_key, credentials, endpoint_url, endpoint)
        elif any((region_name, *access_key, credentials, endpoint_url, endpoint)):
            raise TypeError("connection excludes the arguments for its parts")
        self._core = Core(connection, allowed_hosts, delivery, call_timeout, max_concurrent_calls, memory_limit)
        self.executions = Executions(self._core)
        """Durable executions."""
        self.sessions = Sessions(self._core)
        """Temporary keys."""
        self.cards = Cards(self._core)
        """The connector as a workflow designer sees it."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.connection!r})"

    @property
    def connection(self) -> Connection:
        """Where Lambda is, and who is calling it."""
        return self._core.connection

    @property
    def code(self) -> str:
        """`compiled` if this process compiled the component, or `loaded` if it found the code in the cache."""
        return "compiled" if sandbox().compiled else "loaded"

    def invoke(
        self,
        function_name: str,
        payload: str | bytes | None = None,
        *,
        json: Any = NOT_GIVEN,
        qualifier: str | None = None,
        invocation_type: InvocationType | str | None = None,
        log_type: LogType | str | None = None,
        client_context: str | None = None,
        tenant_id: str | None = None,
        durable_execution_name: str | None = None,
        trace_id: str | None = None,
        request_id: str | None = None,
        response_mode: ResponseMode | str | None = None,
        max_response_bytes: int | None = None,
        payload_sha256: bytes | None = None,
        delivery: Delivery | None = None,
    ) -> Invocation:
        """Invokes a function and, unless the type is `event` or `dry-run`, waits for its response.

        `payload` is JSON text, sent byte for byte. `json` is a value that is serialized here; `None` is
        `null`. Without both, no body is sent. The other arguments are the fields of `InvokeRequest`, and
        `invocation_type` and `log_type` can also have AWS's spelling: `Event`, `DryRun`, `Tail`.

        Raises `FunctionFailedError` if the function ran and failed.
        """
        body = prepare(payload, json, payload_sha256)
        request = InvokeRequest(
            function=function_name,
            qualifier=qualifier,
            invocation_type=invocation_type,  # type: ignore[arg-type]
            log_type=log_type,  # type: ignore[arg-type]
            client_context=client_context,
            payload=body.text,
            payload_sha256=body.sha256,
            payload_is_json=body.is_json,
            tenant_id=tenant_id,
            durable_execution_name=durable_execution_name,
            trace_id=trace_id,
            request_id=request_id,
            response_mode=response_mode,  # type: ignore[arg-type]
            max_response_bytes=max_response_bytes,
            delivery=delivery or self._core.delivery,
        )
        return self._core.call(_wit.LAMBDA_INVOKE, self.connection, request)

    def list_functions(
        self,
        *,
        name_contains: str | None = None,
        all_versions: bool = False,
        marker: str | None = None,
        max_items: int | None = None,
        delivery: Delivery | None = None,
    ) -> FunctionPage:
        """Lists the account's functions in the region.

        `marker` is `next` of the previous page, and `max_items` is between 1 and 10,000, 50 by default.
        """
        query = FunctionQuery(
            name_contains=name_contains,
            all_versions=all_versions,
            cursor=marker,
            limit=max_items,
            delivery=delivery or self._core.delivery,
        )
        return self._core.call(_wit.LAMBDA_LIST_FUNCTIONS, self.connection, query)

    def iter_functions(
        self,
        *,
        name_contains: str | None = None,
        all_versions: bool = False,
        delivery: Delivery | None = None,
    ) -> Iterator[FunctionSummary]:
        """Iterates over all functions, and reads the next page when it is needed."""
        marker = None
        while True:
            page = self.list_functions(
                name_contains=name_contains, all_versions=all_versions, marker=marker, max_items=500, delivery=delivery
            )
            for function in page.functions:
                yield function
            if page.next is None:
                return
            marker = _advanced(marker, page.next)

    def list_qualifiers(self, function_name: str) -> tuple[QualifierChoice, ...]:
        """Lists everything that `qualifier` may be for one function, aliases first."""
        return self._core.call(_wit.LAMBDA_LIST_QUALIFIERS, self.connection, function_name)

    def test_connection(
        self, function_name: str | None = None, qualifier: str | None = None
    ) -> tuple[Check, ...]:
        """Reports what works with this connection and what does not, one result per subject. Runs no function."""
        return self._core.call(_wit.LAMBDA_TEST_CONNECTION, self.connection, function_name, qualifier)


class Executions:
    """Durable executions: what an asynchronous invocation of a durable function came to."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def get(self, arn: str, *, with_data: bool = False) -> Execution:
        """Reads one execution. `with_data` includes its input and its result or failure, up to 12 MiB."""
        return self._core.call(_wit.EXECUTIONS_GET, self._core.connection, arn, with_data)

    def wait(self, arn: str, *, timeout_ms: int) -> Execution:
        """Waits until the execution has ended or the time has passed, and returns it with its data."""
        return self._core.call(
            _wit.EXECUTIONS_WAIT, self._core.connection, arn, timeout_ms, waits_ms=timeout_ms
        )

    def list_executions(
        self,
        function_name: str,
        *,
        qualifier: str | None = None,
        name: str | None = None,
        statuses: Sequence[ExecutionStatus | str] = (),
        started_after_ms: int | None = None,
        started_before_ms: int | None = None,
        oldest_first: bool = False,
        marker: str | None = None,
        max_items: int | None = None,
        delivery: Delivery | None = None,
    ) -> ExecutionPage:
        """Lists a function's executions, newest first by default. Rows carry no data."""
        query = ExecutionQuery(
            function=function_name,
            qualifier=qualifier,
            name=name,
            statuses=statuses,  # type: ignore[arg-type]
            started_after_ms=started_after_ms,
            started_before_ms=started_before_ms,
            oldest_first=oldest_first,
            cursor=marker,
            limit=max_items,
            delivery=delivery or self._core.delivery,
        )
        return self._core.call(_wit.EXECUTIONS_LIST_EXECUTIONS, self._core.connection, query)

    def iter_executions(
        self,
        function_name: str,
        *,
        qualifier: str | None = None,
        name: str | None = None,
        statuses: Sequence[ExecutionStatus | str] = (),
        oldest_first: bool = False,
        delivery: Delivery | None = None,
    ) -> Iterator[Execution]:
        """Iterates over all executions of a function."""
        marker = None
        while True:
            page = self.list_executions(
                function_name,
                qualifier=qualifier,
                name=name,
                statuses=statuses,
                oldest_first=oldest_first,
                marker=marker,
                max_items=1_000,
                delivery=delivery,
            )
            for execution in page.executions:
                yield execution
            if page.next is None:
                return
            marker = _advanced(marker, page.next)

    def history(
        self,
        arn: str,
        *,
        with_data: bool = False,
        newest_first: bool = False,
        marker: str | None = None,
        max_items: int | None = None,
        delivery: Delivery | None = None,
    ) -> HistoryPage:
        """Lists what happened in an execution, oldest first by default."""
        query = HistoryQuery(
            arn=arn,
            with_data=with_data,
            newest_first=newest_first,
            cursor=marker,
            limit=max_items,
            delivery=delivery or self._core.delivery,
        )
        return self._core.call(_wit.EXECUTIONS_HISTORY, self._core.connection, query)

    def iter_history(
        self, arn: str, *, with_data: bool = False, newest_first: bool = False, delivery: Delivery | None = None
    ) -> Iterator[HistoryEvent]:
        """Iterates over everything that happened in an execution."""
        marker = None
        while True:
            page = self.history(
                arn, with_data=with_data, newest_first=newest_first, marker=marker, max_items=1_000, delivery=delivery
            )
            for event in page.events:
                yield event
            if page.next is None:
                return
            marker = _advanced(marker, page.next)

    def stop(self, arn: str, *, failure: ExecutionFailure | None = None) -> int:
        """Stops a running execution. Returns the time of the stop, in milliseconds since 1970-01-01 00:00 UTC."""
        return self._core.call(_wit.EXECUTIONS_STOP, self._core.connection, arn, failure)

    def complete_callback(self, callback_id: str, outcome: CallbackResult) -> None:
        """Answers a callback that a durable function waits for, such as an approval."""
        return self._core.call(_wit.EXECUTIONS_COMPLETE_CALLBACK, self._core.connection, callback_id, outcome)


class Sessions:
    """Temporary keys, for hosts that hand out keys which can do one thing only."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def open(
        self,
        *,
        scope: Scope | None = None,
        duration_seconds: int | None = None,
        delivery: Delivery | None = None,
    ) -> Session:
        """Exchanges the connection for temporary keys, limited to `scope`."""
        request = SessionRequest(
            scope=scope, duration_seconds=duration_seconds, delivery=delivery or self._core.delivery
        )
        return self._core.call(_wit.SESSIONS_OPEN, self._core.connection, request)


class Cards:
    """The connector as forms, which a platform renders and runs without any knowledge of Lambda.

    `connection` and `values` are JSON objects by field key, as a mapping or as JSON text. The connection
    is not that of the client, but the client's `allowed_hosts` apply.
    """

    def __init__(self, core: Core) -> None:
        self._core = core

    def describe(self) -> Manifest:
        """Describes the connector's form and cards. It needs no network."""
        return self._core.call(_wit.CARDS_DESCRIBE)

    def choices(
        self,
        connection: Mapping[str, Any] | str,
        card: str,
        field: str,
        values: Mapping[str, Any] | str,
        *,
        search: str | None = None,
        cursor: str | None = None,
    ) -> ChoicePage:
        """Lists the choices of a dynamic field. `search` keeps those that contain this text."""
        return self._core.call(_wit.CARDS_CHOICES, _object(connection), card, field, _object(values), search, cursor)

    def test(
        self, connection: Mapping[str, Any] | str, card: str, values: Mapping[str, Any] | str
    ) -> tuple[Check, ...]:
        """Tests the connection, and the function that `values` names, if any. Runs no function."""
        return self._core.call(_wit.CARDS_TEST, _object(connection), card, _object(values))

    def run(self, connection: Mapping[str, Any] | str, card: str, values: Mapping[str, Any] | str) -> str:
        """Runs a card. Returns its outputs as JSON text, in which large integers survive."""
        return self._core.call(_wit.CARDS_RUN, _object(connection), card, _object(values))


def _object(value: Mapping[str, Any] | str) -> str:
    return value if isinstance(value, str) else json_module.dumps(dict(value), allow_nan=False)


def _advanced(marker: str | None, following: str) -> str:
    """The next marker. A page that leads to itself would never end."""
    if following == marker:
        raise HostError("the service returned the marker of the page that it had been asked for", Executed.NO)
    return following
