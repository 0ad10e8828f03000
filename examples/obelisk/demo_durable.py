"""Runs a workflow that waits for a durable execution, and kills the server while the workflow sleeps."""

import pathlib
import tempfile
import uuid

from engine import DURABLE, Server, connection, durable, until

with tempfile.TemporaryDirectory() as folder:
    database = f'database.sqlite.directory = "{folder}/database"'
    server = Server(pathlib.Path(folder, "server"), database).start()
    steps = [{"step": {"result": "reserved"}}, {"wait": {"ms": 5_000}}, {"step": {"result": "shipped"}}]
    parameters = durable("workflow:live", {"steps": steps}, name=str(uuid.uuid4()), first_ms=3_000)
    execution = server.submit(DURABLE, connection(), *parameters)
    until(lambda: server.is_asleep(execution), "the workflow does not sleep")
    print(f"{execution} sleeps; killing the server")
    server.stop()
    print("starting it again")
    server.start()
    print(server.wait(execution))
    server.stop()
