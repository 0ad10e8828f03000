"""Calls the component. Each call gets a fresh instance, so that calls share no memory."""

from __future__ import annotations

import atexit
import ctypes
import math
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import TypeVar

from wasmtime import Config, Engine, Store, WasiConfig, WasmtimeError
from wasmtime import _ffi as ffi
from wasmtime.component import Linker

from aws_lambda_connector import _compiled
from aws_lambda_connector._policy import Policy
from aws_lambda_connector._values import Function
from aws_lambda_connector.exceptions import HostError
from aws_lambda_connector.types import Executed

R = TypeVar("R")

# The engine counts these, and stops an instance at its number.
_TICK_SECONDS = 1.0


@dataclass(frozen=True)
class Limits:
    """The bounds of one call."""

    seconds: float
    memory_bytes: int

    @property
    def ticks(self) -> int:
        """The number at which the engine stops the instance."""
        return math.ceil(self.seconds / _TICK_SECONDS) + 1


class Sandbox:
    """The engine and the compiled component, once for the process."""

    def __init__(self) -> None:
        config = Config()
        config.epoch_interruption = True
        self.engine = Engine(config)
        wasm = resources.files("aws_lambda_connector").joinpath("aws-lambda-connector.wasm").read_bytes()
        self.component, self.compiled = _compiled.load(self.engine, wasm)
        self._running = 0
        self._most_ticks = 0
        self._state = threading.Condition()
        threading.Thread(target=self._tick, name="aws-lambda-connector-clock", daemon=True).start()
        atexit.register(self._stop)

    def call(self, function: Function[R], arguments: Sequence[object], policy: Policy, limits: Limits) -> R:
        """Returns the result, or raises the error."""
        with self._state:
            self._most_ticks = max(self._most_ticks, limits.ticks)
            self._running += 1
            self._state.notify()
        try:
            return self._call(function, arguments, policy, limits)
        finally:
            with self._state:
                self._running -= 1

    def _call(self, function: Function[R], arguments: Sequence[object], policy: Policy, limits: Limits) -> R:
        with Linker(self.engine) as linker, Store(self.engine) as store:
            try:
                linker.add_wasip2()
                linker.add_wasi_http()
                with linker.root() as root:
                    root.add_func("allows", lambda _, scheme, authority: policy.allows(scheme, authority))
                store.set_limits(memory_size=limits.memory_bytes)
                store.set_epoch_deadline(limits.ticks)
                # The component inherits no environment, no files and no standard streams.
                store.set_wasi(WasiConfig())
                store.set_wasi_http()
                instance = linker.instantiate(store, self.component)
                interface = instance.get_export_index(store, function.interface)
                index = interface and instance.get_export_index(store, function.name, interface)
                exported = index and instance.get_func(store, index)
            except WasmtimeError as error:
                raise HostError(f"the sandbox could not be created: {_reason(error)}", Executed.NO) from None
            if exported is None:
                raise HostError(f"the component does not export {function.interface}#{function.name}", Executed.NO)

            parameters = (ffi.wasmtime_component_val_t * len(arguments))()
            result = ffi.wasmtime_component_val_t()
            try:
                function.lower(arguments, parameters)
                failed = ffi.wasmtime_component_func_call(
                    ctypes.byref(exported._func),
                    store._context(),
                    parameters,
                    len(arguments),
                    ctypes.byref(result),
                    1,
                )
                if failed:
                    reason = _reason(WasmtimeError._from_ptr(failed))
                    raise HostError(
                        f"the sandbox was stopped: {reason}; find out what the function did before you call again",
                        Executed.UNKNOWN,
                    )
                return function.lift(result)
            finally:
                for parameter in parameters:
                    ffi.wasmtime_component_val_delete(ctypes.byref(parameter))
                ffi.wasmtime_component_val_delete(ctypes.byref(result))

    def _tick(self) -> None:
        while True:
            with self._state:
                self._state.wait_for(lambda: self._running)
            time.sleep(_TICK_SECONDS)
            self.engine.increment_epoch()

    def _stop(self) -> None:
        """Stops abandoned calls when the interpreter ends, before one of them calls back into it."""
        if self._running and os.getpid() == _process:
            for _ in range(self._most_ticks):
                self.engine.increment_epoch()


# The process that made the first call, or loaded the sandbox.
_process: int | None = None
_lock = threading.Lock()
_loaded: Sandbox | None = None


def reject_after_fork() -> None:
    """Raises an error in a process that was forked after the first call.

    Each call begins with this, before it takes a lock. A thread of the parent may have held the lock during
    the fork, and the child has no thread that releases it.
    """
    global _process
    if _process is None:
        _process = os.getpid()
    elif _process != os.getpid():
        raise HostError(
            "this process was forked after its parent had made a call, and has none of the parent's threads; "
            "start it by `spawn` or `forkserver`, or make the first call after the fork",
            Executed.NO,
        )


def sandbox() -> Sandbox:
    """The sandbox of this process. The first call loads it."""
    global _loaded
    if _loaded is None:
        reject_after_fork()
        with _lock:
            if _loaded is None:
                try:
                    _loaded = Sandbox()
                except WasmtimeError as error:
                    raise HostError(f"the component could not be loaded: {_reason(error)}", Executed.NO) from None
    return _loaded


def _reason(error: WasmtimeError) -> str:
    """The cause without the backtrace, which is the last line."""
    return str(error).strip().splitlines()[-1].strip()
