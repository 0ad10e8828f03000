"""Keys that may make one call, on ministack, which checks signatures and enforces the policies of users, roles
and sessions. It does not know GetScopedCredentials, so that only the keys of roles are limited here."""

import pytest

from connector import Connector, Keys, print_policy
from peers.ministack import ACCOUNT, REGION
from peers.wave import Case

SCOPE = {"functions": ["context"], "list_functions": False, "executions": False}


@pytest.fixture
def limited(ministack, command_line, home):
    """A caller with the keys that `sessions.open` of each component obtains for `SCOPE`. The role may do
    everything in Lambda."""
    keys = ministack.assumer
    connection = {
        "region": REGION,
        "credentials": Case(
            assume_role={
                "source": {"access_key_id": keys.access_key_id, "secret_access_key": keys.secret_access_key},
                "roles": [{"arn": ministack.wide_role}],
            }
        ),
        "endpoint": Case(emulator=ministack.endpoint),
    }
    session = command_line("open", connection, {"scope": SCOPE})["ok"]
    assert session["principal"].endswith("assumed-role/wide/aws-lambda-connector")
    keys = session["keys"]
    opened = Keys(keys["access-key-id"], keys["secret-access-key"], keys["session-token"])
    return Connector(ministack.endpoint, opened, home, scope="off")


def test_limited_session_invokes_its_function_and_is_refused_another(limited):
    assert limited.invoke("context", "{}").ok()["status-code"] == 200
    assert limited.invoke("context", "{}", qualifier="live").ok()["executed-version"] == "1"
    for refused in [
        limited.invoke("echo", "[7]"),
        limited.list_functions(),
        limited.list_qualifiers("context"),
    ]:
        error = refused.error("service")
        assert (error["category"], error["executed"]) == ("access-denied", "no")
        assert "assumed-role/wide/aws-lambda-connector" in error["message"]


def test_role_of_a_profile_is_limited_without_a_warning(ministack, tmp_path):
    keys = ministack.assumer
    folder = tmp_path / ".aws"
    folder.mkdir()
    (folder / "config").write_text(
        f"[default]\nrole_arn = {ministack.wide_role}\nsource_profile = default\n"
        f"aws_access_key_id = {keys.access_key_id}\naws_secret_access_key = {keys.secret_access_key}\n"
    )
    connector = Connector(ministack.endpoint, None, tmp_path, scope="require")
    invoked = connector.invoke("echo", "[7]")
    assert (invoked.text(), invoked.stderr) == ("[7]", "")
    assert connector.list_functions(limit=1).ok()["functions"]
    assert connector.list_qualifiers("context").ok()


def test_access_keys_fall_back_with_a_warning_or_are_refused(ministack, connector, home):
    invoked = connector.invoke("echo", "[7]")
    assert invoked.text() == "[7]"
    assert invoked.stderr.startswith("warning: the sandbox received a key with all permissions of the connection")
    assert "(the permission is sts:GetScopedCredentials)" in invoked.stderr
    assert len(invoked.stderr.splitlines()) == 1
    assert Connector(ministack.endpoint, ministack.user, home, scope="off").invoke("echo", "[7]").stderr == ""
    required = Connector(ministack.endpoint, ministack.user, home, scope="require")
    error = required.invoke("echo", "[7]").error("service")
    assert error["executed"] == "no"
    assert "GetScopedCredentials" in error["message"]


def test_printed_policy_allows_its_functions_and_no_others(ministack, home):
    place = ["--region", REGION, "--account", ACCOUNT]
    for arguments, lists in [(place, False), ([*place, "--list"], True), (["--list", "--no-scope"], True)]:
        policy = print_policy("--function", "context", *arguments)
        connector = Connector(ministack.endpoint, ministack.user_with(policy), home, scope="off")
        assert connector.invoke("context", "{}").ok()["status-code"] == 200
        assert connector.invoke("context", "{}", qualifier="live").ok()["status-code"] == 200
        error = connector.invoke("echo", "[7]").error("service")
        assert (error["category"], error["executed"]) == ("access-denied", "no")
        listed = connector.list_functions()
        qualifiers = connector.list_qualifiers("context")
        if lists:
            assert listed.ok()["functions"] and qualifiers.ok()
        else:
            assert listed.error("service")["category"] == "access-denied"
            assert qualifiers.error("service")["category"] == "access-denied"
