"""The peers as fixtures. Each starts once and stops after its last test."""

import contextlib
import functools

import pytest

from connector import COMPONENTS, Connector, Keys
from peers import local_runner as local_runner_peer
from peers import ministack as ministack_peer
from peers import recorder as recorder_peer
from peers import rie, wasmtime_cli

# The emulator does not check signatures.
ANY_KEYS = Keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """The callers' home folder, without AWS profile files."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(params=COMPONENTS, ids=lambda component: component.stem)
def command_line(request, home):
    """Calls an export of each component in the wasmtime command line: function, arguments -> result."""
    return functools.partial(wasmtime_cli.call, request.param, home)


@pytest.fixture(scope="session")
def ministack(tmp_path_factory):
    with ministack_peer.running(tmp_path_factory.mktemp("ministack")) as server:
        yield server


@pytest.fixture
def connector(ministack, home):
    """The connector with the keys of an IAM user that has every permission it needs."""
    return Connector(ministack.endpoint, ministack.user, home)


@pytest.fixture(scope="session")
def python_function(tmp_path_factory, home):
    """Starts one of `functions/` in the emulator under AWS's Python runtime: name -> connector."""
    with contextlib.ExitStack() as running:

        def start(name):
            folder = tmp_path_factory.mktemp(name)
            endpoint = running.enter_context(rie.running(folder, rie.handler(name)))
            return Connector(endpoint, ANY_KEYS, home)

        yield start


@pytest.fixture(scope="session")
def raw_function(tmp_path_factory, home):
    """A function in the emulator that returns the bytes of its event."""
    with rie.running(tmp_path_factory.mktemp("raw"), rie.raw_runtime()) as endpoint:
        yield Connector(endpoint, ANY_KEYS, home)


@pytest.fixture(scope="session")
def local_runner(tmp_path_factory):
    with local_runner_peer.running(tmp_path_factory.mktemp("runner"), ANY_KEYS) as runner:
        yield runner


@pytest.fixture(scope="session")
def recorder():
    with recorder_peer.running() as server:
        yield server
