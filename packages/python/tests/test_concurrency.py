"""Calls at the same time, their end, and processes."""

import asyncio
import json
import subprocess
import sys
import textwrap
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from aws_lambda_connector import AsyncClient, Client, Delivery, Executed, FunctionFailedError, HostError
from aws_lambda_connector._policy import Policy
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
def test_call_in_a_forked_process_is_an_error_and_does_not_hang():
    output = run(
        """
        import os
        from aws_lambda_connector import Client, HostError
        client = Client()
        assert client.invoke("echo", "7").output == "7"
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
