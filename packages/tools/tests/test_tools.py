"""What a model sees of the tools in wassette."""

import json

NAMES = ["describe-function", "invoke-function", "list-functions"]


def test_tools_fit_into_2048_bytes_and_document_every_parameter(agent):
    tools = agent.tools()
    assert sorted(tool.name for tool in tools) == NAMES
    for tool in tools:
        assert not tool.description.startswith("Auto-generated")
        for parameter, schema in tool.input_schema["properties"].items():
            assert schema == {"type": "string"}
            assert f"`{parameter}`:" in tool.description
        # The prefix of Claude's clients, some of which allow 64 characters.
        assert len(f"mcp__wassette__{tool.name}") <= 64
    *_, listed = [line for line in agent.recorded("server").splitlines() if b'"inputSchema"' in line]
    assert len(json.dumps(json.loads(listed)["result"], separators=(",", ":"), ensure_ascii=False).encode()) <= 2_048
    assert len(listed) <= 2_048


def test_succeeded_function_is_reported_with_its_output(agent):
    assert agent.invoke("greet", '{"name": "Ada"}') == 'Ran and succeeded: {"message":"Hello, Ada!"}'


def test_payload_and_output_are_passed_byte_for_byte(agent):
    payload = '{ "b": 12345678901234567890.10, "a": "größe 尺寸 🚀", "a": 2e400 }'
    assert agent.invoke("echo", payload) == f"Ran and succeeded: {payload}"


def test_empty_payload_sends_no_event(agent):
    assert agent.invoke("log", "").startswith("Ran and failed: ")
    assert agent.invoke("count", " ").startswith("Did not run: invalid `payload`: ")


def test_alias_and_version_run_what_they_name(agent):
    version = lambda name: json.loads(agent.invoke(name).removeprefix("Ran and succeeded: "))["version"]
    assert [version(f"versioned{suffix}") for suffix in ["", ":$LATEST", ":1", ":beta"]] == [
        "$LATEST",
        "$LATEST",
        "1",
        "3",
    ]


def test_failed_function_ran_and_is_reported_with_type_and_message(agent):
    answer = agent.invoke("fail", '{"type": "OrderNotFound", "message": "no order 7"}')
    assert answer == "Ran and failed: its code reported an error: OrderNotFound: no order 7"


def test_function_that_exceeds_its_timeout_ran_and_failed(agent):
    assert agent.invoke("timeout").startswith("Ran and failed: it exceeded its timeout: ")


def test_missing_function_did_not_run(agent):
    assert agent.invoke("ghost").startswith("Did not run: ResourceNotFoundException: ")


def test_throttled_function_did_not_run_and_may_later(agent):
    answer = agent.invoke("throttled")
    assert answer.startswith("Did not run: TooManyRequestsException: ")
    assert answer.endswith("The same call may succeed later.")


def test_payload_that_is_not_json_did_not_run(agent, runs, key):
    assert agent.invoke("count", f'{{"key": "{key}"').startswith("Did not run: invalid `payload`: ")
    assert runs() == 0


def test_response_that_does_not_arrive_may_have_run_and_is_not_repeated(start, temporary, runs, key):
    with start(temporary | {"AWS_LAMBDA_TIMEOUT_SECONDS": "1"}) as session:
        answer = session.invoke("count", json.dumps({"key": key, "ms": 60_000}))
    assert answer.startswith("May have run; do not repeat the call unless a second run is harmless: ")
    assert "raise AWS_LAMBDA_TIMEOUT_SECONDS" in answer
    assert runs() == 1


def test_long_output_is_cut_with_a_statement(agent):
    answer = agent.invoke("big", '{"bytes": 1000000}')
    head = "Ran and succeeded. Only the first 32768 of the 1000000 bytes of its output follow: "
    assert answer == head + '"' + "x" * 32_767


def test_long_failure_is_cut_with_a_statement(agent):
    answer = agent.invoke("fail", json.dumps({"type": "Long", "message": "m" * 100_000}))
    head = "Ran and failed: its code reported an error: Long: "
    assert answer == head + "m" * 32_762 + "… (cut after 32768 of 100006 bytes)"


def test_output_that_is_not_text_is_reported_by_its_size(agent):
    answer = "Ran and succeeded. Its output is 11 bytes that are not text, which this tool does not show."
    assert agent.invoke("binary") == answer


def test_functions_are_listed_by_part_of_their_name(agent):
    answer = agent.call("list-functions", name_contains="GREE")
    assert answer == "1 function:\ngreet: Greets by name (python3.14, 128 MB, timeout 30 s)"


def test_all_functions_are_listed_one_a_line(agent):
    first, *lines = agent.call("list-functions", name_contains="").splitlines()
    assert first == f"{len(lines)} functions:"
    assert {"greet", "count", "tenant", "durable"} <= {line.split(":")[0] for line in lines}
    assert next(line for line in lines if line.startswith("tenant:")).endswith(
        "cannot be invoked here, because it needs a tenant ID)"
    )


def test_description_has_state_aliases_and_versions(start, long_term):
    with start(long_term | {"AWS_LAMBDA_ALLOWED_FUNCTIONS": "versioned"}) as session:
        answer = session.call("describe-function", name="versioned:live")
    assert answer.splitlines() == [
        "versioned: Has versions and aliases (python3.14, 128 MB, timeout 30 s)",
        "Invocation: ok: allowed, and the function's name and qualifier exist",
        "Configuration: ok: the function is active, with a timeout of 30 seconds",
        "Aliases: live (version 2, 10 % of the calls to version 3: Production, one call in ten on version 3), beta (version 3)",
        "Versions: $LATEST (Has versions and aliases), 3 (Has versions and aliases), 2 (Zweite Version: größer), 1 (First)",
        "Time limit of invoke-function: 50 s, after which it reports that the function may have run",
    ]


def test_description_of_a_missing_function_has_the_error(agent):
    first, second, *_ = agent.call("describe-function", name="ghost").splitlines()
    assert first == "ghost: not in the account's list of functions"
    assert second.startswith("Invocation: failed: ") and "ResourceNotFoundException" in second
