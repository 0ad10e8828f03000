"""Runs servers as child processes on free loopback ports."""

import contextlib
import os
import signal
import socket
import subprocess
import time

# Only a failed start waits this long, because readiness is polled.
START_LIMIT_SECONDS = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def base_environment(home):
    """The variables that a child needs, without the caller's AWS settings, keys or profile files."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home), "LANG": "C.UTF-8"}


@contextlib.contextmanager
def server(command, environment, port, folder):
    """Runs `command` in `folder`. The block starts when the server accepts connections."""
    log = folder / "server.log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            [str(part) for part in command],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_listening(child, port, log)
        yield
    finally:
        # Servers run functions in child processes, so the whole group is ended.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            pass
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _wait_until_listening(child, port, log):
    give_up = time.monotonic() + START_LIMIT_SECONDS
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if child.poll() is not None or time.monotonic() > give_up:
            raise RuntimeError(f"no server on port {port}; its output:\n{log.read_text(errors='replace')}")
        time.sleep(0.02)
