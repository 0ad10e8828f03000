"""The step on wash, in every way that the tests use it."""

import os
import subprocess

import pytest

from wash import CONNECTORS, STEPS, TARGET, Cluster, Dev, configuration, workload

ORIGIN = os.environ["AWS_ENDPOINT_URL_LAMBDA"]


@pytest.fixture(scope="session")
def dev(tmp_path_factory):
    """Starts `wash dev` with a configuration. All are killed at the end."""
    started = []

    def start(*origins, **rest):
        started.append(Dev(tmp_path_factory.mktemp("dev"), configuration(origins, **rest)))
        return started[-1].step

    yield start
    for process in started:
        process.kill()


@pytest.fixture(scope="session")
def linked(dev):
    """The step with the connector beside it, linked by `wash dev`."""
    steps = {}

    def step(wasi):
        if wasi not in steps:
            steps[wasi] = dev(ORIGIN, step=STEPS[wasi], connector=CONNECTORS[wasi])
        return steps[wasi]

    return step


@pytest.fixture(scope="session")
def composed():
    """The step with the connector inside, composed by wac."""
    file = TARGET / "examples/wasmcloud-composed.wasm"
    command = [os.environ["WAC"], "plug", "--plug", CONNECTORS["0.2"], STEPS["0.2"], "--output", file]
    subprocess.run(command, check=True)
    return file


class Cloud:
    """A cluster whose registry holds both steps and both connectors."""

    def __init__(self, folder):
        self.cluster = Cluster(folder)
        try:
            self.images = {wasi: self._push(wasi) for wasi in STEPS}
        except BaseException:
            self.cluster.close()
            raise

    def _push(self, wasi):
        return self.cluster.push(STEPS[wasi].stem, STEPS[wasi]), self.cluster.push(CONNECTORS[wasi].stem, CONNECTORS[wasi])

    def start(self, host, name, wasi, *origins):
        """Starts step and connector on a host, which pulls both. Returns the step."""
        return self.cluster.start(host, workload(name, wasi, *self.images[wasi], origins))


@pytest.fixture(scope="session")
def cloud(tmp_path_factory):
    cloud = Cloud(tmp_path_factory.mktemp("cluster"))
    yield cloud
    cloud.cluster.close()


@pytest.fixture(scope="session")
def pulled(cloud):
    """The step on a host that pulled both components from the registry."""
    host = cloud.cluster.add_host()
    steps = {}

    def step(wasi):
        if wasi not in steps:
            steps[wasi] = cloud.start(host, f"wasi-{wasi}.example", wasi, ORIGIN)
        return steps[wasi]

    step.host = host
    return step


class Runs:
    """How often `count` ran for a key. Reading the counter runs it as well, which is subtracted."""

    def __init__(self, step):
        self._step = step
        self._asked = {}

    def __call__(self, key):
        counted = self._step.invoke("count", {"key": key})["ok"]["outputJson"]["runs"]
        self._asked[key] = self._asked.get(key, 0) + 1
        return counted - self._asked[key]


@pytest.fixture(scope="session")
def runs(linked):
    return Runs(linked("0.2"))
