"""What the two clients share: the connection, its policy, and where calls run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from aws_lambda_connector import _connection, _wit
from aws_lambda_connector._policy import Policy, lambda_hosts, sts_hosts
from aws_lambda_connector._runner import Runner
from aws_lambda_connector._sandbox import Limits, reject_after_fork, sandbox
from aws_lambda_connector._values import Function
from aws_lambda_connector.exceptions import InvalidInputError
from aws_lambda_connector.types import AssumeRole, Connection, Delivery, WebIdentity

R = TypeVar("R")

_MAX_CALL_TIMEOUT = 86_400
# The component's memory has 32-bit addresses.
_MEMORY_LIMITS = range(1 << 20, (1 << 32) + 1)
# An execution is waited for during `timeout_ms`, and then its data is read, in two requests of at most
# 129.3 s each.
_AFTER_WAITING = 300.0
# With `_AFTER_WAITING`, this is below the longest time that a thread can wait for on Windows: 4,294,967 s
# (`threading.TIMEOUT_MAX`). It is 11 minutes below the largest `timeout_ms`.
_MAX_WAIT_MS = 4_294_300_000

# These call STS with any credentials. The functions of `cards` have a connection of their own.
_CALL_STS = (
    _wit.SESSIONS_OPEN,
    _wit.LAMBDA_TEST_CONNECTION,
    _wit.CARDS_CHOICES,
    _wit.CARDS_TEST,
    _wit.CARDS_RUN,
)


class Core:
    def __init__(
        self,
        connection: Connection,
        allowed_hosts: Iterable[str] | None,
        delivery: Delivery | None,
        call_timeout: float,
        max_concurrent_calls: int,
        memory_limit: int,
    ) -> None:
        for name, value in (("max_concurrent_calls", max_concurrent_calls), ("memory_limit", memory_limit)):
            if not isinstance(value, int):
                raise TypeError(f"{name} must be int, not {type(value).__name__}")
        if not 0 < call_timeout <= _MAX_CALL_TIMEOUT:
            message = f"must be a positive number of seconds, at most {_MAX_CALL_TIMEOUT:,} (a day)"
            raise InvalidInputError.of("call_timeout", message)
        if max_concurrent_calls < 1:
            raise InvalidInputError.of("max_concurrent_calls", "must be at least 1")
        if memory_limit not in _MEMORY_LIMITS:
            raise InvalidInputError.of("memory_limit", "must be from 1 MiB (1048576) to 4 GiB (4294967296)")
        self.connection = connection
        self.delivery = delivery
        self._limits = Limits(call_timeout, memory_limit)
        self._runner = Runner(max_concurrent_calls)
        self._policy, self._policy_with_sts = _policies(connection, allowed_hosts)

    def call(self, function: Function[R], *arguments: object, waits_ms: int = 0) -> R:
        """Calls a function of the component, and blocks until it has ended."""
        reject_after_fork()
        limits = self._limits_of(waits_ms)
        policy = self._policy_of(function)
        return self._runner.run(lambda: sandbox().call(function, arguments, policy, limits), limits.seconds)

    async def call_async(self, function: Function[R], *arguments: object, waits_ms: int = 0) -> R:
        """The same without blocking the event loop."""
        reject_after_fork()
        limits = self._limits_of(waits_ms)
        policy = self._policy_of(function)
        return await self._runner.run_async(
            lambda: sandbox().call(function, arguments, policy, limits), limits.seconds
        )

    def _limits_of(self, waits_ms: int) -> Limits:
        if not waits_ms:
            return self._limits
        seconds = min(waits_ms, _MAX_WAIT_MS) / 1000 + _AFTER_WAITING
        return Limits(max(self._limits.seconds, seconds), self._limits.memory_bytes)

    def _policy_of(self, function: Function[R]) -> Policy:
        return self._policy_with_sts if function in _CALL_STS else self._policy


def _policies(connection: Connection, allowed_hosts: Iterable[str] | None) -> tuple[Policy, Policy]:
    """The policies of a call that needs Lambda only, and of one that needs STS."""
    if allowed_hosts is not None:
        policy = Policy(allowed_hosts)
        return policy, policy
    hosts = lambda_hosts(connection.region)
    if url := _connection.url_of(connection.endpoint):
        try:
            Policy([url])
        except InvalidInputError:
            message = "must be an http or https URL without a user name, and not that of a metadata service"
            raise InvalidInputError.of("endpoint_url", message) from None
        if "://" not in url:
            raise InvalidInputError.of("endpoint_url", "must begin with https:// or http://")
        hosts.append(url)
    with_sts = Policy(hosts + sts_hosts(connection.region))
    is_role = isinstance(connection.credentials, (AssumeRole, WebIdentity))
    return with_sts if is_role else Policy(hosts), with_sts
