"""The composed components on the wasmtime command line."""

import collections
import http.server
import json
import os
import pathlib
import re
import subprocess
import threading
import uuid

import pytest

from commandline import call, connection

HERE = pathlib.Path(__file__).parent
BUILT = HERE.parents[1] / "target/examples"
ORIGIN = os.environ["AWS_ENDPOINT_URL_LAMBDA"]

COMPOSED = {
    "rust": "greetings.wasm",
    "python": "greetings-python.wasm",
    "javascript": "greetings-javascript.wasm",
}


def compose(*origins, region="us-east-1"):
    subprocess.run([HERE / "compose", *origins], env=os.environ | {"AWS_REGION": region}, check=True)


@pytest.fixture(scope="module", params=COMPOSED)
def greetings(request):
    """The step in each language, with the connector inside."""
    subprocess.run([HERE / "compose-step", request.param], check=True)
    return BUILT / COMPOSED[request.param]


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


def test_step_reports_invalid_input_as_not_run(greetings, account):
    answer = call(greetings, "greet-all", account | {"region": "no region"}, ["Ada"])
    assert "an AWS region is" in answer["err"]["not-run"]


Answer = collections.namedtuple("Answer", "body headers", defaults=[{}])
CUT_OFF = None


@pytest.fixture
def lambda_that_returns():
    """Starts servers that answer every request alike. Returns an endpoint, and the requests that it received."""
    servers = []

    def start(answer):
        received = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                if answer is CUT_OFF:
                    return
                self.send_response(200)
                for name, value in {"x-amzn-RequestId": str(uuid.uuid4()), **answer.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}", received

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


FAILED = {"X-Amz-Function-Error": "Unhandled"}


@pytest.mark.parametrize(
    "answer, message",
    [
        (Answer(b'{"errorType": "Unknown", "errorMessage": "no greeting"}', FAILED), "no greeting"),
        (Answer(b'{"errorType": "Unknown"}', FAILED), ""),
        (Answer(b'{"greeting": 7}'), 'the response has no `message`: {"greeting": 7}'),
        (Answer(b'{"message": 7}'), 'the response has no `message`: {"message": 7}'),
        (Answer(b"[]"), "the response has no `message`: []"),
        (Answer(b"null"), "the response has no `message`: null"),
        (Answer(b"not JSON"), "the response has no `message`: not JSON"),
        (Answer(b"\xff"), "the function returned no text"),
    ],
)
def test_step_reports_that_the_function_ran_and_stops(greetings, account, lambda_that_returns, answer, message):
    endpoint, received = lambda_that_returns(answer)
    result = call(greetings, "greet-all", account | {"endpoint": endpoint}, ["Ada", "Grace"])
    assert (result, received) == ({"err": {"ran": message}}, [{"name": "Ada"}])


def test_step_reports_an_unknown_outcome_and_does_not_repeat_the_call(greetings, account, lambda_that_returns):
    endpoint, received = lambda_that_returns(CUT_OFF)
    result = call(greetings, "greet-all", account | {"endpoint": endpoint}, ["Ada", "Grace"])
    assert list(result["err"]) == ["unknown"]
    assert received == [{"name": "Ada"}]


def interfaces(component):
    """The imports and the exports of a component, as its WIT lists them."""
    command = [HERE.parent / "node/node_modules/.bin/jco", "wit", component]
    wit = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout
    root = re.search(r"^world root \{(.*?)^\}", wit, re.DOTALL | re.MULTILINE)[1]
    return tuple(set(re.findall(rf"^  {kind} (.*?);", root, re.MULTILINE | re.DOTALL)) for kind in ("import", "export"))


def test_composition_imports_what_the_connector_imports_and_exports_the_step(greetings):
    imports, _ = interfaces(os.environ["CONNECTOR"])
    assert "wasi:http/outgoing-handler@0.2.0" in imports
    assert interfaces(greetings) == (imports, {"example:step/greetings@0.1.0"})


def test_composition_has_nothing_of_the_environment_that_built_it(greetings):
    assert os.environ["AWS_SECRET_ACCESS_KEY"].encode() not in greetings.read_bytes()


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
