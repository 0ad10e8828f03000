"""Runs a workflow of two invocations, and kills the server while it waits between them."""

import pathlib
import tempfile

from engine import WORKFLOW, Server, connection, step, until

with tempfile.TemporaryDirectory() as folder:
    database = f'database.sqlite.directory = "{folder}/database"'
    server = Server(pathlib.Path(folder, "server"), database).start()
    steps = [step("count", {"key": "first"}), step("greet", {"name": "Ada"}, after_ms=3_000)]
    execution = server.submit(WORKFLOW, connection(), steps)
    until(lambda: server.recorded(execution) == 1, "the first step did not end")
    print(f"the first step of {execution} has ended; killing the server")
    server.stop()
    print("starting it again")
    server.start()
    print(server.wait(execution))
    server.stop()
