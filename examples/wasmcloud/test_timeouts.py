"""Calls of 45 seconds: longer than wash allows by default, shorter than Lambda does."""

import concurrent.futures
import uuid

import pytest

from conftest import ORIGIN
from wash import CONNECTORS, STEPS

SECONDS = 45


@pytest.fixture(scope="module")
def long_calls(dev, linked, pulled, composed):
    """One call in each way of running the connector, all at once. By name: its key, and a future of its outcome."""
    steps = {
        "linked, 0.2": linked("0.2"),
        "linked, 0.3": linked("0.3"),
        "pulled, 0.2": pulled("0.2"),
        "pulled, 0.3": pulled("0.3"),
        "composed, default timeouts": dev(step=composed, connector=None, step_origins=[ORIGIN], timeouts=False),
        "linked, default timeouts": dev(ORIGIN, step=STEPS["0.2"], connector=CONNECTORS["0.2"], timeouts=False),
    }
    keys = {name: str(uuid.uuid4()) for name in steps}

    def call(name):
        event = {"chunks": [{"count": keys[name]}, {"waitMs": SECONDS * 1_000}, {"text": "done"}]}
        return steps[name].request_card("invoke", {"useFunctionName": "Yes", "functionName": "stream", "payload": event})

    with concurrent.futures.ThreadPoolExecutor(len(steps)) as pool:
        yield {name: (keys[name], pool.submit(call, name)) for name in steps}


@pytest.mark.parametrize(
    "name", ["linked, 0.2", "linked, 0.3", "pulled, 0.2", "pulled, 0.3", "composed, default timeouts"]
)
def test_long_call_returns_its_outcome(long_calls, runs, name):
    key, call = long_calls[name]
    status, answer = call.result()
    assert (status, answer["ok"]["output"]) == (200, "done")
    assert runs(key) == 1


def test_long_call_between_linked_components_is_lost_by_default(long_calls, runs):
    """The reason for the timeouts in the guide: no outcome, although the function ran."""
    key, call = long_calls["linked, default timeouts"]
    status, answer = call.result()
    assert (status, answer) == (500, None)
    # By the end of the other calls, a repetition would have run as well.
    concurrent.futures.wait([call for _, call in long_calls.values()])
    assert runs(key) == 1
