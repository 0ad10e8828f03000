"""Calls at the same time, their end, and processes."""

import asyncio
import gc
import json
import subprocess
import sys
import textwrap
import threading
import uuid
import weakref
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from aws_lambda_connector import AsyncClient, Client, Delivery, Executed, FunctionFailedError, HostError
from aws_lambda_connector import _runner
from aws_lambda_connector._policy import Policy
from aws_lambda_connector._runner import Runner
from aws_lambda_connector._sandbox import sandbox


def expected(keys):
    return [{"key": key, "runs": 1} for key in keys]


def test_hundred_threads_get_their_own_results_and_each_function_runs_once(client):
    keys = [str(uuid.uuid4()) for _ in range(100)]
    together = threading.Barrier(100)

    def call(key):
        together.wait()
        return json.loads(client.invoke("count", json={"key": key, "ms": 200}).output)

    with ThreadPoolExecutor(100) as pool:
        assert list(pool.map(call, keys)) == expected(keys)


def test_hundred_coroutines_get_their_own_results_and_each_function_runs_once():
    keys = [str(uuid.uuid4()) for _ in range(100)]

    async def calls():
        client = AsyncClient()
        answers = await asyncio.gather(*(client.invoke("count", json={"key": key, "ms": 200}) for key in keys))
        return [json.loads(answer.output) for answer in answers]

    assert asyncio.run(calls()) == expected(keys)


def test_more_calls_than_threads_wait_for_their_turn():
    keys = [str(uuid.uuid4()) for _ in range(40)]

    async def calls():
        client = AsyncClient(max_concurrent_calls=3)
        answers = await asyncio.gather(*(client.invoke("count", json={"key": key}) for key in keys))
        return [json.loads(answer.output) for answer in answers]

    assert asyncio.run(calls()) == expected(keys)


def test_errors_and_results_of_concurrent_calls_do_not_mix(client):
    def call(number):
        if number % 2:
            return client.invoke("echo", json=number).output
        with pytest.raises(FunctionFailedError) as raised:
            client.invoke("fail", json={"type": "T", "message": str(number)})
        return raised.value.failure.error_message

    with ThreadPoolExecutor(50) as pool:
        assert list(pool.map(call, range(200))) == [str(number) for number in range(200)]


def test_event_loop_runs_during_a_call():
    async def calls():
        client = AsyncClient()
        # The first call ends only after the second one, which the loop must start.
        slow = asyncio.create_task(client.invoke("count", json={"key": str(uuid.uuid4()), "ms": 60_000}))
        assert (await client.invoke("echo", "7")).output == "7"
        assert not slow.done()
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow

    asyncio.run(calls())


def test_call_that_was_cancelled_while_it_waited_never_starts(runs):
    key = str(uuid.uuid4())

    async def calls():
        client = AsyncClient(max_concurrent_calls=1)
        first = asyncio.create_task(client.invoke("slow", json={"ms": 500}))
        second = asyncio.create_task(client.invoke("count", json={"key": key}))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        await first
        assert (await client.invoke("echo", "7")).output == "7"

    asyncio.run(calls())
    assert runs(key) == 0


def test_call_beyond_ten_thousand_that_wait_is_rejected_until_others_are_cancelled(runs, monkeypatch):
    key = str(uuid.uuid4())
    began, go_on = threading.Event(), threading.Event()
    allows = Policy.allows

    def allows_later(policy, scheme, authority):
        began.set()
        go_on.wait()
        return allows(policy, scheme, authority)

    async def calls():
        client = AsyncClient(max_concurrent_calls=1)
        with monkeypatch.context() as patch:
            patch.setattr(Policy, "allows", allows_later)
            first = asyncio.create_task(client.invoke("echo", "7"))
            await asyncio.to_thread(began.wait)
        waiting = [asyncio.create_task(client.invoke("count", json={"key": key})) for _ in range(10_000)]
        await asyncio.sleep(0)
        try:
            rejected = asyncio.create_task(client.invoke("count", json={"key": key}))
            await asyncio.sleep(0)
            assert rejected.done()
            with pytest.raises(HostError, match="10,000 calls wait .* raise `max_concurrent_calls`") as raised:
                await rejected
            assert raised.value.executed == Executed.NO
            for call in waiting:
                call.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            # The cancelled calls have given up their places.
            last = asyncio.create_task(client.invoke("echo", "8"))
            await asyncio.sleep(0)
            assert not last.done()
        finally:
            go_on.set()
        return (await first).output, (await last).output

    assert asyncio.run(calls()) == ("7", "8")
    assert runs(key) == 0


class Request:
    """Stands for the payload and the keys that a call holds."""

    def __init__(self, go_on):
        self.go_on = go_on

    def __call__(self):
        self.go_on.wait()


def is_released(reference):
    gc.collect()
    return reference() is None


def test_request_of_a_call_that_timed_out_or_was_cancelled_while_it_waited_is_released():
    runner = Runner(1)
    go_on = threading.Event()
    first = runner._submit(Request(go_on))
    request = Request(go_on)
    timed_out = weakref.ref(request)
    with pytest.raises(HostError, match="no thread was free"):
        runner.run(request, 0.001)
    request = Request(go_on)
    cancelled = weakref.ref(request)

    async def cancel():
        task = asyncio.create_task(runner.run_async(request, 60))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    del request
    released = is_released(timed_out), is_released(cancelled)
    go_on.set()
    first.result()
    assert released == (True, True)


def test_request_of_a_call_that_ended_is_released_while_its_thread_makes_the_next_call():
    runner = Runner(1)
    go_on, began, end = threading.Event(), threading.Event(), threading.Event()
    request = Request(go_on)
    ended = weakref.ref(request)
    first = runner._submit(request)
    del request
    second = runner._submit(lambda: began.set() or end.wait())
    go_on.set()
    began.wait()
    released = is_released(ended)
    end.set()
    assert (first.result(), second.result(), released) == (None, True, True)


def test_longest_wait_for_an_execution_is_one_that_windows_can_wait(client, monkeypatch):
    def wait_of_windows(futures, seconds):
        if seconds > 4_294_967:
            raise OverflowError("timeout value is too large")
        return wait(futures, seconds)

    monkeypatch.setattr(_runner, "wait", wait_of_windows)
    with pytest.raises(ValueError, match="arn"):
        client.executions.wait("no ARN", timeout_ms=2**32 - 1)


def test_call_with_the_longest_wait_is_stopped_when_the_interpreter_ends(client, monkeypatch):
    def allows_at_the_end(*_):
        sandbox()._stop()
        return False

    monkeypatch.setattr(Policy, "allows", allows_at_the_end)
    arn = "arn:aws:lambda:us-east-1:123456789012:function:workflow:1/durable-execution/name/id"
    with pytest.raises(HostError, match="interrupt"):
        client.executions.wait(arn, timeout_ms=2**32 - 1)


def test_instance_that_does_not_end_is_stopped(client, runs, monkeypatch):
    """The engine's clock passes the limit of the call, as it does if the component computes for ever."""
    key = str(uuid.uuid4())
    allows = Policy.allows

    def allows_too_late(policy, scheme, authority):
        for _ in range(100):
            sandbox().engine.increment_epoch()
        return allows(policy, scheme, authority)

    monkeypatch.setattr(Policy, "allows", allows_too_late)
    with pytest.raises(HostError, match="interrupt") as raised:
        Client(call_timeout=60).invoke("count", json={"key": key})
    # The sandbox does not report whether a request was sent.
    assert raised.value.executed == Executed.UNKNOWN
    monkeypatch.undo()
    assert runs(key) == 0


def run(program):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(program)], capture_output=True, encoding="utf-8", timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
@pytest.mark.parametrize("first", ['client.invoke("echo", "7").output == "7"', "client.code"])
def test_call_in_a_forked_process_is_an_error_and_does_not_hang(first):
    output = run(
        f"""
        import os
        from aws_lambda_connector import Client, HostError
        client = Client()
        assert {first}
        if os.fork() == 0:
            try:
                client.invoke("echo", "7")
            except HostError as error:
                print(error, flush=True)
            os._exit(0)
        os.wait()
        assert client.invoke("echo", "8").output == "8"
        """
    )
    assert "forked" in output
    assert "function ran: no" in output


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
@pytest.mark.parametrize(
    "during",
    [
        "_policy.Policy.allows",  # The only thread of the client is busy.
        "_compiled.load",  # The first call has the lock of the module.
    ],
)
def test_call_in_a_process_that_was_forked_during_a_call_is_an_error_at_once(during):
    output = run(
        f"""
        import asyncio, os, signal, threading
        from aws_lambda_connector import AsyncClient, Client, HostError, _compiled, _policy
        client = Client(max_concurrent_calls=1)
        client_of_coroutines = AsyncClient(max_concurrent_calls=1)
        began, go_on = threading.Event(), threading.Event()
        original = {during}

        def later(*arguments):
            began.set()
            go_on.wait()
            return original(*arguments)

        {during} = later
        caller = threading.Thread(target=lambda: print(client.invoke("echo", "7").output))
        caller.start()
        began.wait()
        {during} = original
        if os.fork() == 0:
            # A child that hangs ends here.
            signal.alarm(60)
            for call in (
                lambda: client.invoke("echo", "7"),
                lambda: asyncio.run(client_of_coroutines.invoke("echo", "7")),
            ):
                try:
                    call()
                except HostError as error:
                    print(error.executed, "forked" in str(error), flush=True)
            os._exit(0)
        os.wait()
        go_on.set()
        caller.join()
        """
    )
    assert output == "no True\nno True\n7\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
def test_call_in_a_process_that_was_forked_while_a_lock_was_held_is_an_error_at_once():
    output = run(
        """
        import os, signal
        from aws_lambda_connector import Client, HostError
        client = Client()
        assert client.invoke("echo", "7").output == "7"
        with client._core._runner._lock:
            if os.fork() == 0:
                signal.alarm(60)
                try:
                    client.invoke("echo", "7")
                except HostError as error:
                    print(error.executed, flush=True)
                os._exit(0)
        os.wait()
        """
    )
    assert output == "no\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
def test_first_call_after_a_fork_works():
    output = run(
        """
        import os
        from aws_lambda_connector import Client
        client = Client()
        if os.fork() == 0:
            print(client.invoke("echo", "7").output, flush=True)
            os._exit(0)
        os.wait()
        """
    )
    assert output == "7\n"


def test_interpreter_ends_while_a_call_is_abandoned():
    output = run(
        """
        from aws_lambda_connector import Client, HostError
        try:
            Client(call_timeout=0.5).invoke("slow", json={"ms": 60000})
        except HostError as error:
            print(error.executed)
        """
    )
    assert output == "unknown\n"
