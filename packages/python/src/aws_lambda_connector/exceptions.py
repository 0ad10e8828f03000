"""What a call raises. `executed` of each exception is the evidence whether the function ran."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from aws_lambda_connector.types import (
    ErrorCategory,
    Executed,
    FailedInvocation,
    FunctionFailure,
    InvalidInput,
    Invocation,
    ServiceErrorDetail,
    TransportErrorDetail,
    TransportKind,
)

_D = TypeVar("_D", bound="InvalidInput | ServiceErrorDetail | TransportErrorDetail | FailedInvocation")
_A = TypeVar("_A", bound="ServiceErrorDetail | TransportErrorDetail")

__all__ = [
    "ConnectorError",
    "FunctionFailedError",
    "HostError",
    "InvalidInputError",
    "ServiceError",
    "TransportError",
    "UnauthenticatedError",
]


class ConnectorError(Exception):
    """The base of all exceptions of this package."""

    @property
    def executed(self) -> Executed:
        """Whether the function ran. Call again only after `Executed.NO`, or if a second run does no harm."""
        raise NotImplementedError

    @classmethod
    def lifted(cls, detail: Any) -> ConnectorError:
        """The exception for a value of the component."""
        return cls(detail)


class _Reported(ConnectorError, Generic[_D]):
    """An error that the component reported, with its record."""

    def __init__(self, detail: _D) -> None:
        super().__init__(detail)
        self.detail = detail


class _Attempted(_Reported[_A]):
    """An error of a call that the component attempted."""

    @property
    def executed(self) -> Executed:
        """Whether the function ran."""
        return self.detail.executed

    @property
    def message(self) -> str:
        """What happened, in AWS's words if AWS responded."""
        return self.detail.message

    @property
    def attempts(self) -> int:
        """The number of attempts made."""
        return self.detail.attempts


class InvalidInputError(_Reported[InvalidInput], ValueError):
    """The call was rejected before anything was sent."""

    @property
    def executed(self) -> Executed:
        """Always `Executed.NO`."""
        return Executed.NO

    @classmethod
    def of(cls, field: str, message: str) -> InvalidInputError:
        """The exception for a field that this package itself rejects."""
        return cls(InvalidInput(field=field, message=message))

    @property
    def field(self) -> str:
        """Path of the field, for example `request.qualifier`."""
        return self.detail.field

    @property
    def message(self) -> str:
        """What is wrong and what is allowed. Never contains a secret."""
        return self.detail.message

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class ServiceError(_Attempted[ServiceErrorDetail]):
    """AWS responded with an error."""

    @property
    def code(self) -> str:
        """AWS error code as sent, for example `TooManyRequestsException`."""
        return self.detail.code

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        return self.detail.status_code

    @property
    def category(self) -> ErrorCategory:
        """The kind of error."""
        return self.detail.category

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later."""
        return self.detail.retryable

    @property
    def hint(self) -> str | None:
        """What to do about it, for example the IAM action and resource that are missing."""
        return self.detail.hint

    @property
    def request_id(self) -> str | None:
        """AWS's request ID."""
        return self.detail.request_id

    def __str__(self) -> str:
        hint = f"; {self.hint}" if self.hint else ""
        return f"{self.code} (status {self.status_code}, function ran: {self.executed}): {self.message}{hint}"


class UnauthenticatedError(ServiceError):
    """AWS rejected the access key, the signature or the request timestamp, or STS refused to issue credentials."""


class TransportError(_Attempted[TransportErrorDetail]):
    """There was no usable response from Lambda."""

    @property
    def kind(self) -> TransportKind:
        """What failed."""
        return self.detail.kind

    def __str__(self) -> str:
        return f"{self.kind} (function ran: {self.executed}): {self.message}"


class FunctionFailedError(_Reported[FailedInvocation]):
    """The function ran and failed."""

    @property
    def executed(self) -> Executed:
        """Always `Executed.YES`."""
        return Executed.YES

    @property
    def invocation(self) -> Invocation:
        """The invocation, with the function's output and log."""
        return self.detail.invocation

    @property
    def failure(self) -> FunctionFailure:
        """How the function failed."""
        return self.detail.failure

    def __str__(self) -> str:
        failure = self.failure
        described = ": ".join(text for text in (failure.error_type, failure.error_message) if text)
        return f"the function failed ({failure.cause}): {described or failure.marker}"


class HostError(ConnectorError):
    """The sandbox did not return a result. It was stopped at the time limit, or it failed.

    `executed` is `NO` if the call never entered the sandbox, and `UNKNOWN` otherwise.
    """

    def __init__(self, message: str, executed: Executed) -> None:
        super().__init__(message, executed)
        self.message = message
        self._executed = executed

    @property
    def executed(self) -> Executed:
        """Whether the function ran."""
        return self._executed

    @classmethod
    def lifted(cls, detail: Any) -> ConnectorError:
        return cls("the sandbox failed", Executed.UNKNOWN)

    def __str__(self) -> str:
        return f"{self.message} (function ran: {self.executed})"
