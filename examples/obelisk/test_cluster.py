"""Three Obelisk servers on one PostgreSQL. One is killed during a thousand invocations."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

from engine import WORKFLOW, connection, step, until
from test_server import check_largest_payload, check_results

INVOCATIONS = 1_000


def test_postgresql_behaves_like_sqlite(cluster, shipped):
    for server in cluster(shipped, 2):
        check_results(server)
        check_largest_payload(server)


def submit(server, key, idempotent):
    return server.submit(WORKFLOW, connection(), [step("count", {"key": key, "ms": 1_000}, idempotent)])


def test_killed_server_repeats_only_idempotent_calls(cluster, impatient, runs):
    doomed, survivor, _ = servers = cluster(impatient, 3)
    keys = [str(uuid.uuid4()) for _ in range(INVOCATIONS)]
    # Every second call may run twice.
    idempotent = dict(zip(keys, [False, True] * (INVOCATIONS // 2), strict=True))
    with ThreadPoolExecutor(24) as pool:
        submitted = pool.map(submit, servers * INVOCATIONS, keys, idempotent.values())
        executions = dict(zip(keys, submitted, strict=True))

    left = until(lambda: (left := survivor.unfinished()) < 0.9 * INVOCATIONS and [left], "nothing ended", 300)
    assert left > [INVOCATIONS // 10], "too few calls were left when the server died"
    doomed.stop()
    until(lambda: survivor.unfinished() == 0, "not every execution ended", 300)
    results = {key: survivor.result(execution) for key, execution in executions.items()}

    ran = {key: runs.of(key) for key in keys}
    unknown = [key for key, result in results.items() if result == {"error": {"outcome_unknown": 0}}]
    succeeded = [key for key, result in results.items() if list(result) == ["ok"]]
    assert len(unknown) + len(succeeded) == INVOCATIONS

    # Interrupted calls are reported and not repeated.
    assert unknown, "no call was in flight when the server died"
    assert {ran[key] for key in unknown} <= {0, 1}
    assert not any(idempotent[key] for key in unknown)
    # Interrupted idempotent calls are repeated and succeed.
    repeated = [key for key in keys if ran[key] > 1]
    assert repeated, "no idempotent call was in flight when the server died"
    assert all(idempotent[key] and ran[key] == 2 and key in succeeded for key in repeated)
    # All other calls ran once, and returned the response of that run.
    for key in succeeded:
        (answer,) = results[key]["ok"]
        assert json.loads(answer) == {"key": key, "runs": ran[key]}
    print(f"{len(succeeded)} succeeded, {len(repeated)} of them at the second run; {len(unknown)} of unknown outcome")
