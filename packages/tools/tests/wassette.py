"""wassette with the component, and an MCP client of it that records every byte."""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import mcp.client.stdio
from anyio.from_thread import start_blocking_portal
from mcp import Client, StdioServerParameters

ID = "aws-lambda-tools"
# Records what the client sends, what wassette sends, and its log.
RECORDED = 'cd "$1" && shift && tee client | "$@" 2>log | tee server'
# wassette waits for seconds after the end of its input. Each session would wait for it twice.
mcp.client.stdio.PROCESS_TERMINATION_TIMEOUT = mcp.client.stdio.FORCE_KILL_TIMEOUT = 0.1


class Wassette:
    """An installation with a home and a folder of components of its own."""

    def __init__(self, folder, component):
        self.folder = folder
        (folder / "home").mkdir(parents=True)
        self.run("component", "load", f"file://{component}")

    def copy(self, folder):
        """A copy of the installation, to be changed."""
        shutil.copytree(self.folder, folder)
        copied = object.__new__(Wassette)
        copied.folder = folder
        return copied

    def arguments(self, *command):
        return [os.environ["WASSETTE"], *command, f"--component-dir={self.folder / 'components'}"]

    def environment(self, variables=()):
        """The variables, with nothing of this process."""
        return {"HOME": str(self.folder / "home"), "PATH": os.environ["PATH"], **dict(variables)}

    def run(self, *command):
        done = subprocess.run(self.arguments(*command), env=self.environment(), capture_output=True, encoding="utf-8")
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def set_policy(self, text):
        (self.folder / "components" / f"{ID}.policy.yaml").write_text(text)

    @contextlib.contextmanager
    def session(self, variables, secrets):
        """A session of an MCP client. At its end, none of the secrets may be in what was recorded."""
        recordings = Path(tempfile.mkdtemp(dir=self.folder, prefix="recordings-"))
        command = ["-c", RECORDED, "record", str(recordings), *self.arguments("run", "--disable-builtin-tools")]
        server = StdioServerParameters(command="bash", args=command, env=self.environment(variables))
        with start_blocking_portal() as portal, portal.wrap_async_context_manager(Client(server)) as client:
            session = Session(portal, client, recordings)
            session.wait_until_loaded()
            yield session
        recorded = [session.recorded(name) for name in ["client", "server", "log"]]
        assert session.ids("client") == session.ids("server") != set()
        for secret in secrets:
            assert secret.encode() not in b"".join(recorded)


class Session:
    def __init__(self, portal, client, recordings):
        self._portal, self._client, self._recordings = portal, client, recordings

    def recorded(self, name):
        return (self._recordings / name).read_bytes()

    def ids(self, name):
        """The identifiers of the requests, or of their answers."""
        messages = (json.loads(line) for line in self.recorded(name).splitlines())
        return {message["id"] for message in messages if "id" in message}

    def wait_until_loaded(self):
        """wassette answers before it has loaded its components, and then knows no tool."""
        deadline = time.monotonic() + 60
        while b"Background component loading completed" not in self.recorded("log"):
            assert time.monotonic() < deadline, self.recorded("log")
            time.sleep(0.01)

    def tools(self):
        return self._portal.call(self._client.list_tools).tools

    def call(self, tool, **arguments):
        """What a model sees: the text of the answer."""
        arguments = {name.replace("_", "-"): value for name, value in arguments.items()}
        result = self._portal.call(self._client.call_tool, tool, arguments)
        [content] = result.content
        assert not result.is_error, content
        assert result.structured_content == {"result": content.text}
        return content.text

    def together(self, calls):
        """Invokes functions at once, each by its name and payload. Returns the answers in order."""
        answers = [self._portal.start_task_soon(self._call, *call) for call in calls]
        return [answer.result() for answer in answers]

    async def _call(self, name, payload):
        result = await self._client.call_tool("invoke-function", {"name": name, "payload": payload})
        return result.content[0].text

    def invoke(self, name, payload=""):
        return self.call("invoke-function", name=name, payload=payload)
