"""The connector on two hosts of a wasmCloud lattice. One is killed under load."""

import json
import os
import uuid

import pytest

from conftest import until

CALLS = 200


@pytest.fixture(scope="module")
def hosts(lattice):
    """Two hosts that run the component."""
    hosts = [lattice.add_host(), lattice.add_host()]
    lattice.start(os.environ["CONNECTOR"], *hosts)
    until(lambda: lattice.call("echo", 7, patience_ms=5_000) == [{"ok": "7"}], "the component did not start")
    return hosts


def test_function_returns_its_event(lattice, hosts):
    event = {"a": "größe 尺寸 🚀"}
    assert lattice.call("echo", event) == [{"ok": json.dumps(event)}]


def test_largest_payload_survives_both_directions(lattice, hosts, tmp_path):
    text = "".join(f"{number:08}" for number in range(786_432))[:6_291_454]
    file = tmp_path / "payload.json"
    file.write_text(json.dumps(text))
    assert file.stat().st_size == 6_291_456
    assert lattice.call_with("echo", f"@{file}") == [{"ok": json.dumps(text)}]


def test_functions_are_listed(lattice, hosts):
    assert lattice.list("ECH") == ["echo"]


def test_failed_function_is_an_error(lattice, hosts):
    (outcome,) = lattice.call("fail", {"message": "no order 7"})
    assert outcome == {"error": "function-failed", "executed": "yes", "message": "no order 7"}


def test_call_longer_than_the_default_limit_runs_once(lattice, hosts, runs):
    key = str(uuid.uuid4())
    (outcome,) = lattice.call("count", {"key": key, "ms": 4_000})
    assert json.loads(outcome["ok"]) == {"key": key, "runs": 1}
    assert runs(key) == 1


def test_killed_host_under_load_repeats_no_function(lattice, hosts, runs):
    keys = [str(uuid.uuid4()) for _ in range(CALLS)]
    events = [json.dumps({"key": key, "ms": 3_000}) for key in keys]
    outcomes = lattice.begin("count", *events, patience_ms=20_000)
    until(lambda: sum(runs(key) for key in keys[:20]) >= 10, "the calls did not start")
    doomed = lattice.hosts[hosts[1]]
    doomed.kill()
    doomed.wait()

    outcomes = dict(zip(keys, outcomes(), strict=True))
    ran = {key: runs(key) for key in keys}
    unknown = [key for key in keys if outcomes[key].get("executed") == "unknown"]
    succeeded = [key for key in keys if "ok" in outcomes[key]]
    assert len(unknown) + len(succeeded) == CALLS, outcomes
    assert unknown, "no call was in flight on the host that died"
    assert succeeded, "no call succeeded on the other host"
    assert {ran[key] for key in unknown} <= {0, 1}
    assert {ran[key] for key in succeeded} == {1}
    print(f"{len(succeeded)} succeeded, {len(unknown)} of unknown outcome")

    # Later calls reach the remaining host.
    assert lattice.call("greet", *[{"name": "Ada"}] * 20) == [{"ok": '{"message":"Hello, Ada!"}'}] * 20
