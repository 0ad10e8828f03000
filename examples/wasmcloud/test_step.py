"""The step and the connector under `wash dev`, and under `wash host` with images from a registry."""

import concurrent.futures
import json
import re
import uuid

import pytest

from conftest import ORIGIN
from wash import CONNECTORS, HERE, STEPS, account

SECRET = account()["secretAccessKey"]


@pytest.fixture(params=["dev-0.2", "dev-0.3", "host-0.2", "host-0.3"])
def step(request):
    mode, wasi = request.param.split("-")
    return request.getfixturevalue({"dev": "linked", "host": "pulled"}[mode])(wasi)


def test_function_returns_its_event(step):
    event = {"a": "größe 尺寸 🚀", "large": 123456789012345678901234567890}
    outputs = step.invoke("echo", event)["ok"]
    assert json.loads(outputs["output"]) == event
    assert (outputs["statusCode"], outputs["executed"], outputs["attempts"]) == (200, "yes", 1)


def test_largest_payload_survives_both_directions(step):
    text = "".join(f"{number:08}" for number in range(786_432))[:6_291_454]
    outputs = step.invoke("echo", text)["ok"]
    # As JSON text it is 6 MiB. The assertion is not rewritten, because a diff of such texts takes minutes.
    same = outputs["output"] == json.dumps(text) and outputs["outputJson"] == text
    assert same and len(outputs["output"]) == 6_291_456


def test_functions_are_listed(step):
    outputs = step.run("list-functions", {"nameContains": "ECH"})["ok"]
    assert [function["name"] for function in outputs["functions"]] == ["echo"]


def test_failed_function_is_an_error(step):
    error = step.invoke("fail", {"message": "no order 7"})["err"]
    assert error == {"case": "function-failed", "executed": "yes", "kind": "thrown", "message": "no order 7"}


def test_wrong_key_is_an_error_without_the_key(step):
    wrong = account() | {"secretAccessKey": "wrong-" + SECRET}
    error = step.invoke("echo", 7, connection=wrong)["err"]
    assert (error["case"], error["executed"], error["code"]) == ("unauthenticated", "no", "InvalidSignatureException")
    assert SECRET not in json.dumps(error)


def test_rejected_input_names_the_field(step):
    error = step.run("invoke", {"useFunctionName": "Yes", "functionName": "echo", "invocationType": "Later"})["err"]
    assert (error["case"], error["executed"], error["field"]) == ("invalid-input", "no", "invocationType")


@pytest.mark.parametrize("body", ["", "[]", '{"connection": {}}', f'"{SECRET}"', f'{{"{SECRET}": 1}}'])
def test_unreadable_body_is_rejected_without_being_quoted(step, body):
    status, answer = step.request("POST", "/run/invoke", body.encode())
    assert (status, json.loads(answer)) == (400, {"error": 'the body is not {"connection": {…}, "values": {…}}'})


def test_sixteen_calls_at_once_run_at_the_same_time(step):
    """Each run waits until all have begun."""
    gates = [str(uuid.uuid4()) for _ in range(16)]

    def invoke(own):
        event = {"chunks": [{"open": own}, *({"gate": gate} for gate in gates), {"text": own}]}
        return step.invoke("stream", event)["ok"]["output"]

    with concurrent.futures.ThreadPoolExecutor(len(gates)) as pool:
        assert list(pool.map(invoke, gates)) == gates


def denied(step, runs, connection=None):
    key = str(uuid.uuid4())
    error = step.invoke("count", {"key": key}, connection)["err"]
    assert (error["case"], error["kind"], error["executed"]) == ("transport", "denied", "no")
    assert runs(key) == 0


@pytest.mark.parametrize("wasi", STEPS)
def test_destinations_of_the_step_are_not_those_of_the_connector(dev, runs, wasi):
    denied(dev(step=STEPS[wasi], connector=CONNECTORS[wasi], step_origins=["*"]), runs)


def test_component_that_answers_http_reaches_nothing_with_an_empty_list(dev, runs, composed):
    denied(dev(step=composed, connector=None), runs)


@pytest.mark.parametrize("wasi", STEPS)
@pytest.mark.parametrize("form", ["other port", "other host", "other scheme", "no origin"])
def test_host_denies_other_origins(cloud, pulled, runs, wasi, form):
    origins = {
        "other port": ["http://127.0.0.1:9"],
        "other host": [ORIGIN.replace("127.0.0.1", "localhost")],
        "other scheme": [ORIGIN.replace("http:", "https:")],
        "no origin": [],
    }[form]
    name = f"{form.replace(' ', '-')}-{wasi}.example"
    denied(cloud.start(pulled.host, name, wasi, *origins), runs)


def test_policy_of_the_repository_denies_other_hosts(cloud, pulled, runs):
    policy = (HERE.parent / "policies/wasmcloud.yaml").read_text()
    origins = re.findall(r"^ +- (https://\S+)$", policy, re.M)
    assert len(origins) == 4
    step = cloud.start(pulled.host, "policy.example", "0.2", *origins)
    denied(step, runs)
    elsewhere = account() | {"region": "eu-west-1"}
    del elsewhere["endpoint"]
    denied(step, runs, elsewhere)
