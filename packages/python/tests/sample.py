"""A user's program. `test` checks its types with `mypy --strict` and does not run it."""

import asyncio
from collections.abc import Iterator

import aws_lambda_connector
from aws_lambda_connector import (
    AsyncClient,
    Client,
    ConnectorError,
    Delivery,
    Executed,
    Execution,
    ExecutionStatus,
    FunctionFailedError,
    FunctionSummary,
    InvocationType,
    ServiceError,
)

client = aws_lambda_connector.Client(
    region_name="eu-central-1",
    aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
    aws_secret_access_key="secret",
    allowed_hosts=[*aws_lambda_connector.lambda_hosts("eu-central-1"), "proxy.internal:8080"],
    delivery=Delivery(max_attempts=1),
)


def greet(name: str) -> str | bytes | None:
    try:
        invocation = client.invoke(function_name="greet", json={"name": name}, invocation_type=InvocationType.EVENT)
    except FunctionFailedError as error:
        return error.failure.error_message
    except ServiceError as error:
        retry: bool = error.retryable
        print(error.code, error.category.value, retry, error.hint or "")
        raise
    except ConnectorError as error:
        again: bool = error.executed is Executed.NO
        print(again)
        raise
    duration: float | None = invocation.log.report.duration_ms if invocation.log and invocation.log.report else None
    print(duration)
    return invocation.output


def functions() -> Iterator[FunctionSummary]:
    yield from Client().iter_functions(name_contains="greet")


async def wait(arn: str) -> Execution:
    client = AsyncClient()
    async for function in client.iter_functions():
        print(function.name)
    execution = await client.executions.wait(arn, timeout_ms=60_000)
    if execution.status == ExecutionStatus.SUCCEEDED:
        text: str | None = execution.output
        print(text)
    return execution


asyncio.run(wait("arn"))
# A wrong use is an error of the type check.
client.invoke("greet", payload={"name": "Ada"})  # type: ignore[arg-type]
client.invoke("greet", qualifer="live")  # type: ignore[call-arg]
