"""Roles on ministack, which checks every signature. The reference host caches a role's keys; both
components also run in the wasmtime command line."""

import base64
import json

import pytest

from connector import Connector, Keys
from peers import signing_proxy
from peers.ministack import AUDIENCE, ISSUER
from peers.wave import Case, Word

PROFILES = """\
[profile source]
aws_access_key_id = {id}
aws_secret_access_key = {secret}

[profile first]
role_arn = {first}
source_profile = source

[profile second]
role_arn = {second}
source_profile = first
role_session_name = through-both

[profile session]
aws_access_key_id = {session.access_key_id}
aws_secret_access_key = {session.secret_access_key}
aws_session_token = {session.session_token}

[profile of-session]
role_arn = {second}
source_profile = session

[profile federated]
role_arn = {federated}
web_identity_token_file = {folder}/token

[profile shortcut]
role_arn = {second}
source_profile = source
"""


def _session_of(ministack, role):
    """A role's temporary keys, obtained with boto3."""
    sts = ministack.client("sts", ministack.assumer)
    keys = sts.assume_role(RoleArn=role, RoleSessionName="boto3")["Credentials"]
    return Keys(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


def _token(audience):
    """An OIDC token. ministack checks its claims but not its signature."""
    parts = [{"alg": "none"}, {"iss": ISSUER, "aud": audience, "sub": "workflow-7"}]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "c2lnbmF0dXJl"])


@pytest.fixture
def profile(ministack, tmp_path):
    """Returns a caller that uses the named profile."""
    folder = tmp_path / ".aws"
    folder.mkdir()
    keys = ministack.assumer
    text = PROFILES.format(
        id=keys.access_key_id,
        secret=keys.secret_access_key,
        first=ministack.first_role,
        second=ministack.second_role,
        session=_session_of(ministack, ministack.first_role),
        federated=ministack.federated_role,
        folder=folder,
    )
    (folder / "config").write_text(text)
    (folder / "token").write_text(_token(AUDIENCE))

    class OfProfile(Connector):
        def __init__(self, name):
            super().__init__(ministack.endpoint, None, tmp_path)
            self._where += ["--profile", name]

    return OfProfile


def test_profile_with_two_chained_roles_invokes(profile):
    assert profile("second").invoke("echo", "[7]").text() == "[7]"


def test_temporary_keys_assume_a_role_and_invoke(profile):
    assert profile("of-session").invoke("echo", "[7]").text() == "[7]"


def test_web_identity_token_assumes_its_role(profile):
    assert profile("federated").invoke("echo", "[7]").text() == "[7]"
    error = profile("federated").invoke("context", "{}").error("service")
    assert "assumed-role/federated/" in error["message"]


def test_token_for_another_audience_is_rejected(ministack, profile, tmp_path):
    token = _token("another-audience")
    (tmp_path / ".aws/token").write_text(token)
    error = profile("federated").invoke("echo", "[7]").error("unauthenticated")
    assert (error["code"], error["executed"]) == ("AccessDenied", "no")
    assert "audience" in error["hint"]
    assert token not in str(error) and token.split(".")[1] not in str(error)


def test_host_signed_request_requires_a_signing_proxy(ministack, home):
    with signing_proxy.running(ministack.endpoint, ministack.user) as proxy:
        connector = Connector(proxy.endpoint, None, home)
        assert connector.invoke("echo", "[7]", host_signed=True).text() == "[7]"
        assert proxy.seen == [("/2015-03-31/functions/echo/invocations", [])]
    error = Connector(ministack.endpoint, None, home).invoke("echo", "[7]", host_signed=True)
    assert "must sign" in error.error("unauthenticated")["hint"]


def test_first_role_lacks_the_permissions_of_the_second(profile):
    error = profile("first").invoke("echo", "[7]").error("service")
    assert (error["category"], error["executed"]) == ("access-denied", "no")
    # The caller is the role, not the user whose keys assumed it.
    assert "assumed-role/first/aws-lambda-connector" in error["message"]


def test_role_that_does_not_trust_the_caller_is_denied(ministack, profile):
    error = profile("shortcut").invoke("echo", "[7]").error("unauthenticated")
    assert (error["code"], error["category"], error["executed"]) == ("AccessDenied", "access-denied", "no")
    assert f"assuming {ministack.second_role} (role 1 of 1)" in error["message"]
    assert "trust policy" in error["hint"]
    assert ministack.assumer.secret_access_key not in str(error)


@pytest.fixture
def call(ministack, command_line):
    """Calls an export with a role's credentials: roles, function, arguments -> result."""

    def call(roles, function, *arguments):
        keys = ministack.assumer
        connection = {
            "region": "us-east-1",
            "credentials": Case(
                assume_role={
                    "source": {"access_key_id": keys.access_key_id, "secret_access_key": keys.secret_access_key},
                    "roles": [{"arn": arn} for arn in roles],
                }
            ),
            "endpoint": Case(emulator=ministack.endpoint),
        }
        return command_line(function, connection, *arguments)

    return call


def test_component_assumes_two_chained_roles(ministack, call):
    roles = [ministack.first_role, ministack.second_role]
    answer = call(roles, "invoke", {"function": "echo", "payload": "[7]"})
    assert answer["ok"]["output"] == {"text": "[7]"}


def test_opened_session_keys_invoke(ministack, call, home):
    roles = [ministack.first_role, ministack.second_role]
    session = call(roles, "open", {"duration_seconds": 900})["ok"]
    assert session["principal"].endswith("assumed-role/second/aws-lambda-connector")
    keys = session["keys"]
    opened = Keys(keys["access-key-id"], keys["secret-access-key"], keys["session-token"])
    assert Connector(ministack.endpoint, opened, home).invoke("echo", "[7]").text() == "[7]"


def test_identity_of_a_role_connection_is_the_role(ministack, call):
    checks = call([ministack.first_role], "test-connection", "echo", Word("none"))["ok"]
    outcomes = {check["subject"]: check["outcome"] for check in checks}
    assert outcomes == {
        "clock": "passed",
        "endpoint": "passed",
        "identity": "passed",
        "list-functions": "failed",
        "invoke-function": "failed",
        "function-configuration": "failed",
    }
    identity = next(check for check in checks if check["subject"] == "identity")
    assert "assumed-role/first/aws-lambda-connector" in identity["detail"]
