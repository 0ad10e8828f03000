"""Three Obelisk servers on one PostgreSQL, one of them killed in the middle of a thousand invocations."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

from engine import WORKFLOW, connection, step, until
from test_server import the_largest_payload_goes_and_comes_back, what_a_call_returns

INVOCATIONS = 1_000


def test_what_holds_on_sqlite_holds_on_postgresql(cluster, shipped):
    for server in cluster(shipped, 2):
        what_a_call_returns(server)
        the_largest_payload_goes_and_comes_back(server)


def submit(server, key, idempotent):
    return server.submit(WORKFLOW, connection(), [step("count", {"key": key, "ms": 1_000}, idempotent)])


def test_a_server_dies_and_no_function_runs_twice_unless_it_may(cluster, impatient, runs):
    doomed, survivor, _ = servers = cluster(impatient, 3)
    keys = [str(uuid.uuid4()) for _ in range(INVOCATIONS)]
    # Every other one may run twice.
    idempotent = dict(zip(keys, [False, True] * (INVOCATIONS // 2), strict=True))
    with ThreadPoolExecutor(24) as pool:
        submitted = pool.map(submit, servers * INVOCATIONS, keys, idempotent.values())
        executions = dict(zip(keys, submitted, strict=True))

    left = until(lambda: (left := survivor.unfinished()) < 0.9 * INVOCATIONS and [left], "nothing ended", 300)
    assert left > [INVOCATIONS // 10], "too little was left to do when the server died"
    doomed.stop()
    until(lambda: survivor.unfinished() == 0, "not every execution ended", 300)
    results = {key: survivor.result(execution) for key, execution in executions.items()}

    ran = {key: runs.of(key) for key in keys}
    unknown = [key for key, result in results.items() if result == {"error": {"outcome_unknown": 0}}]
    succeeded = [key for key, result in results.items() if list(result) == ["ok"]]
    assert len(unknown) + len(succeeded) == INVOCATIONS

    # What died with the server: reported, and not repeated.
    assert unknown, "no call was under way when the server died"
    assert {ran[key] for key in unknown} <= {0, 1}
    assert not any(idempotent[key] for key in unknown)
    # What was declared idempotent: repeated, and so it succeeds.
    repeated = [key for key in keys if ran[key] > 1]
    assert repeated, "no idempotent call was under way when the server died"
    assert all(idempotent[key] and ran[key] == 2 and key in succeeded for key in repeated)
    # All others ran once, and their answers are those of that run.
    for key in succeeded:
        (answer,) = results[key]["ok"]
        assert json.loads(answer) == {"key": key, "runs": ran[key]}
    print(f"{len(succeeded)} succeeded, {len(repeated)} of them at the second run; {len(unknown)} of unknown outcome")
