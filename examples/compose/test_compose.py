"""The composed components on the wasmtime command line."""

import json
import os
import pathlib
import subprocess
import uuid

import pytest

from commandline import call, connection

BUILT = pathlib.Path(__file__).parents[2] / "target/examples"
ORIGIN = os.environ["AWS_ENDPOINT_URL_LAMBDA"]


def compose(*origins, region="us-east-1"):
    command = [pathlib.Path(__file__).parent / "compose", *origins]
    subprocess.run(command, env=os.environ | {"AWS_REGION": region}, check=True)


@pytest.fixture(scope="module")
def greetings():
    compose()
    return BUILT / "greetings.wasm"


@pytest.fixture
def account():
    keys = {"access_key_id": os.environ["AWS_ACCESS_KEY_ID"], "secret_access_key": os.environ["AWS_SECRET_ACCESS_KEY"]}
    return {"region": os.environ["AWS_REGION"], "endpoint": ORIGIN, **keys}


def test_step_calls_the_connector_and_extracts_the_message(greetings, account):
    names = ["Ada", 'Größe "7" 🚀']
    assert call(greetings, "greet-all", account, names) == {"ok": [f"Hello, {name}!" for name in names]}


def test_step_reports_that_the_function_did_not_run(greetings, account):
    answer = call(greetings, "greet-all", account | {"secret_access_key": "wrong"}, ["Ada"])
    assert "signature" in answer["err"]["not-run"]


def invoke(key):
    """Invokes with the confined connector. Returns the result, and how often the function ran."""
    request = {"function": "count", "payload": json.dumps({"key": key})}
    answer = call(BUILT / "confined.wasm", "invoke", connection(), request)
    unconfined = call(os.environ["CONNECTOR"], "invoke", connection(), request)["ok"]["output"]["text"]
    return answer, json.loads(unconfined)["runs"] - 1


def test_policy_forwards_allowed_origins():
    compose("https://lambda.us-east-1.amazonaws.com", ORIGIN)
    answer, runs = invoke(str(uuid.uuid4()))
    assert (answer["ok"]["attempts"], runs) == (1, 1)


@pytest.mark.parametrize("allowed", [[], [f"{ORIGIN}1"], [ORIGIN.replace("http:", "https:")], [ORIGIN.upper()]])
def test_policy_denies_all_other_origins(allowed):
    compose(*allowed)
    answer, runs = invoke(str(uuid.uuid4()))
    error = answer["err"]["transport"]
    assert (error["kind"], error["executed"], runs) == ("denied", "no", 0)


def test_policy_defaults_to_the_lambda_hosts_of_the_region():
    compose(region="eu-west-1")
    origins = (
        "https://lambda.eu-west-1.amazonaws.com https://lambda-fips.eu-west-1.amazonaws.com "
        "https://lambda.eu-west-1.api.aws https://lambda-fips.eu-west-1.api.aws"
    )
    assert origins.encode() in (BUILT / "policy.wasm").read_bytes()
    elsewhere = connection() | {"region": "eu-central-1"}
    del elsewhere["endpoint"]
    answer = call(BUILT / "confined.wasm", "invoke", elsewhere, {"function": "echo", "payload": "7"})
    assert answer["err"]["transport"]["kind"] == "denied"
