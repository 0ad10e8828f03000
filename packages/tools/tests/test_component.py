"""The component itself, and on wasmtime's command line."""

import json
import os
import re
import subprocess

from commandline import EXAMPLES, wave


def test_imports_are_the_environment_http_streams_and_clocks(component):
    wit = subprocess.run(
        [os.environ["WASM_TOOLS"], "component", "wit", component], check=True, capture_output=True, encoding="utf-8"
    ).stdout
    world = wit.split("world root {")[1].split("\n}")[0]
    assert sorted(re.findall(r"import ([^;]*);", world)) == [
        "wasi:cli/environment@0.2.0",
        "wasi:clocks/monotonic-clock@0.2.0",
        "wasi:clocks/wall-clock@0.2.0",
        "wasi:http/outgoing-handler@0.2.0",
        "wasi:http/types@0.2.0",
        "wasi:io/error@0.2.0",
        "wasi:io/poll@0.2.0",
        "wasi:io/streams@0.2.0",
    ]
    assert re.findall(r"export ([a-z-]*)", world) == ["invoke-function", "list-functions", "describe-function"]


def run(component, variables, function, *arguments):
    environment = [f"--env={name}={value}" for name, value in variables.items()]
    command = [EXAMPLES / "wasmtime/wasmtime", "run", "-S", "http", *environment]
    done = subprocess.run(
        [*command, "--invoke", wave.call(function, *arguments), component],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return wave.read(done.stdout)


def test_function_is_invoked_on_the_wasmtime_command_line(component, temporary):
    answer = run(component, temporary, "invoke-function", "greet", '{"name": "Ada"}')
    assert answer == 'Ran and succeeded: {"message":"Hello, Ada!"}'


def test_key_across_the_limit_of_an_answer_is_removed(component, temporary):
    key = temporary["AWS_SECRET_ACCESS_KEY"]
    text = "x" * (32 * 1024 - len(key)) + key
    for function, payload in [("echo", text), ("fail", {"type": "T", "message": text})]:
        answer = run(component, temporary, "invoke-function", function, json.dumps(payload))
        assert "x[removed: a key]" in answer
        assert key[:4] not in answer


def test_keys_in_the_output_of_a_function_are_removed(component, temporary):
    names = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID"]
    leaked = {name: temporary[name] for name in names}
    answer = run(component, temporary, "invoke-function", "echo", json.dumps(leaked))
    assert json.loads(answer.removeprefix("Ran and succeeded: ")) == dict.fromkeys(names, "[removed: a key]")
