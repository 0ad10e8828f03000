import json
import os
import uuid
from pathlib import Path

import pytest
from commandline import call, connection
from wassette import Wassette

POLICY = Path(os.environ["POLICIES"]) / "wassette-tools.yaml"
# A part of every secret that the local STS issues.
ISSUED = "IssuedByTheLocalSts"
FUNCTIONS = ["greet", "echo", "fail", "count", "big", "binary", "versioned", "throttled", "ghost", "timeout", "log"]


@pytest.fixture(scope="session")
def component():
    return Path(os.environ["COMPONENT"])


@pytest.fixture(scope="session")
def long_term():
    """The variables of the local Lambda and its long-term keys."""
    names = ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL_LAMBDA"]
    return {name: os.environ[name] for name in names}


@pytest.fixture(scope="session")
def temporary(long_term):
    """The variables with temporary keys, so that there is a session token."""
    request = {"scope": {"functions": FUNCTIONS, "list_functions": True, "executions": False}}
    keys = call(os.environ["CONNECTOR"], "open", connection(), request)["ok"]["keys"]
    assert ISSUED in keys["session-token"] and ISSUED in keys["secret-access-key"]
    return long_term | {
        "AWS_ACCESS_KEY_ID": keys["access-key-id"],
        "AWS_SECRET_ACCESS_KEY": keys["secret-access-key"],
        "AWS_SESSION_TOKEN": keys["session-token"],
        "AWS_LAMBDA_ALLOWED_FUNCTIONS": "*",
    }


@pytest.fixture(scope="session")
def installed(tmp_path_factory, component):
    """wassette with the component and the policy file of this repository, for the local Lambda."""
    wassette = Wassette(tmp_path_factory.mktemp("wassette") / "first", component)
    policy = POLICY.read_text().replace("https://lambda.eu-central-1.amazonaws.com", "127.0.0.1")
    assert "127.0.0.1" in policy
    more = ["AWS_ENDPOINT_URL_LAMBDA", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME"]
    wassette.set_policy(policy + "".join(f"      - key: {name}\n" for name in more))
    return wassette


@pytest.fixture(scope="session")
def start(installed):
    """Starts a session with variables. At its end, no key may have been in any message or log."""

    def start(variables, wassette=installed):
        names = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID"]
        secrets = [variables[name] for name in names if name in variables] + [ISSUED]
        return wassette.session(variables, secrets)

    return start


@pytest.fixture(scope="session")
def agent(start, temporary):
    """A session in which every function is allowed."""
    with start(temporary) as session:
        yield session


@pytest.fixture
def key():
    return str(uuid.uuid4())


@pytest.fixture
def runs(key):
    """How often `count` has run for the key."""

    def runs():
        request = {"function": "count", "payload": json.dumps({"key": key})}
        answer = call(os.environ["CONNECTOR"], "invoke", connection(), request)["ok"]["output"]["text"]
        return json.loads(answer)["runs"] - 1

    return runs
