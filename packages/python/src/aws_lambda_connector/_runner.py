"""Runs calls on threads, because a call into the sandbox blocks its thread but not the interpreter."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, TypeVar

from aws_lambda_connector.exceptions import HostError
from aws_lambda_connector.types import Executed

R = TypeVar("R")

# The number of calls of one client that may wait for a thread.
_MAX_WAITING = 10_000


class Runner:
    """Runs at most `limit` calls at the same time. The others wait for a thread, up to a bound.

    The threads are daemons, so that a call without an end does not keep the interpreter from its own.
    """

    def __init__(self, limit: int) -> None:
        self._lock = threading.Lock()
        self._free = limit
        self._limit = limit
        # The oldest first. Any of them can be taken out, because its caller may give up.
        self._waiting: collections.OrderedDict[Future[Any], Callable[[], Any]] = collections.OrderedDict()

    def run(self, call: Callable[[], R], seconds: float) -> R:
        """Returns the result of a call, or raises an error after this time."""
        future = self._submit(call)
        try:
            wait([future], seconds)
        finally:
            self._withdraw(future)
        return self._result(future, seconds)

    async def run_async(self, call: Callable[[], R], seconds: float) -> R:
        """The same without blocking the event loop."""
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        future = self._submit(call)

        def wake(_: object) -> None:
            # The loop is closed if the program ends before the call.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(ended.set)

        future.add_done_callback(wake)
        try:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(ended.wait(), seconds)
        finally:
            self._withdraw(future)
        return self._result(future, seconds)

    def _result(self, future: Future[R], seconds: float) -> R:
        if future.cancelled():
            raise HostError(
                f"no thread was free within {seconds:g} s; at most {self._limit} calls run at the same time, "
                "which `max_concurrent_calls` raises",
                Executed.NO,
            )
        if not future.done():
            raise HostError(
                f"the call was abandoned after {seconds:g} s; find out what the function did before you call again",
                Executed.UNKNOWN,
            )
        return future.result()

    def _submit(self, call: Callable[[], R]) -> Future[R]:
        future: Future[R] = Future()
        with self._lock:
            if not self._free:
                if len(self._waiting) >= _MAX_WAITING:
                    raise HostError(
                        f"{_MAX_WAITING:,} calls wait for a thread, which is the limit; call again later, or raise "
                        "`max_concurrent_calls`",
                        Executed.NO,
                    )
                self._waiting[future] = call
                return future
            self._free -= 1
        first = [(future, call)]
        try:
            threading.Thread(target=self._work, args=(first,), name="aws-lambda-connector", daemon=True).start()
        except RuntimeError:
            with self._lock:
                self._free += 1
            raise HostError("the system did not start a thread for the call", Executed.NO) from None
        return future

    def _withdraw(self, future: Future[Any]) -> None:
        """Removes a call with its request, unless a thread has begun it."""
        with self._lock:
            self._waiting.pop(future, None)
        # Has an effect also if a thread has taken the call and not begun it.
        future.cancel()

    def _work(self, first: list[tuple[Future[Any], Callable[[], Any]]]) -> None:
        # A thread keeps its arguments until it ends, so the first call is removed from them.
        next_call: tuple[Future[Any], Callable[[], Any]] | None = first.pop()
        while next_call:
            _perform(*next_call)
            with self._lock:
                next_call = self._waiting.popitem(last=False) if self._waiting else None
                if next_call is None:
                    self._free += 1


def _perform(future: Future[Any], call: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
