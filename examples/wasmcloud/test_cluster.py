"""The connector on two hosts. One is killed under load."""

import concurrent.futures
import uuid

from conftest import ORIGIN
from wash import STEPS, Lost, until

CALLS = 200


def test_killed_host_under_load_repeats_no_function(cloud, linked, runs):
    hosts = [cloud.cluster.add_host(), cloud.cluster.add_host()]
    # Calls alternate between the hosts, and both hosts run both components.
    steps = [cloud.start(host, f"step-{wasi}.example", wasi, ORIGIN) for wasi in STEPS for host in hosts]
    keys = [str(uuid.uuid4()) for _ in range(CALLS)]
    gate = str(uuid.uuid4())

    def invoke(number):
        """Invokes a function that runs until the gate opens. Returns its output, or nothing if the host died."""
        event = {"chunks": [{"count": keys[number]}, {"gate": gate}, {"text": "done"}]}
        try:
            return steps[number % 4].invoke("stream", event)["ok"]["output"]
        except Lost:
            return None

    with concurrent.futures.ThreadPoolExecutor(CALLS) as pool:
        calls = [pool.submit(invoke, number) for number in range(CALLS)]
        until(lambda: all(map(runs, keys[1::10])), "the calls of the second host did not start")
        hosts[1].kill()
        linked("0.2").invoke("stream", {"chunks": [{"open": gate}]})
        outcomes = [call.result() for call in calls]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        ran = list(pool.map(runs, keys))

    survived, died = slice(0, CALLS, 2), slice(1, CALLS, 2)
    assert outcomes[survived] == ["done"] * 100
    assert ran[survived] == [1] * 100
    # All of unknown outcome, and none of them twice.
    assert outcomes[died] == [None] * 100
    assert set(ran[died]) <= {0, 1}
    print(f"{sum(ran[died])} of the 100 functions of unknown outcome ran")

    for step in steps[::2]:
        assert step.invoke("greet", {"name": "Ada"})["ok"]["outputJson"] == {"message": "Hello, Ada!"}
