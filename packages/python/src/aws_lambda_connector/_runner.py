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


class Runner:
    """Runs at most `limit` calls at the same time. The others wait for a thread.

    The threads are daemons, so that a call without an end does not keep the interpreter from its own.
    """

    def __init__(self, limit: int) -> None:
        self._lock = threading.Lock()
        self._free = limit
        self._limit = limit
        self._waiting: collections.deque[tuple[Future[Any], Callable[[], Any]]] = collections.deque()

    def run(self, call: Callable[[], R], seconds: float) -> R:
        """Returns the result of a call, or raises an error after this time."""
        future = self._submit(call)
        try:
            wait([future], seconds)
        finally:
            # Has an effect only if no thread has begun the call.
            future.cancel()
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
            future.cancel()
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
                self._waiting.append((future, call))
                return future
            self._free -= 1
        try:
            threading.Thread(target=self._work, args=(future, call), name="aws-lambda-connector", daemon=True).start()
        except RuntimeError:
            with self._lock:
                self._free += 1
            raise HostError("the system did not start a thread for the call", Executed.NO) from None
        return future

    def _work(self, future: Future[Any], call: Callable[[], Any]) -> None:
        next_call: tuple[Future[Any], Callable[[], Any]] | None = (future, call)
        while next_call:
            _perform(*next_call)
            with self._lock:
                next_call = self._waiting.popleft() if self._waiting else None
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
