"""The outbound policy, as a request meets it and as a table."""

import json
import os
import uuid

import pytest

from aws_lambda_connector import Client, Executed, InvalidInputError, TransportError, TransportKind, lambda_hosts, sts_hosts
from aws_lambda_connector._policy import Policy

URL = os.environ["AWS_ENDPOINT_URL_LAMBDA"]
ORIGIN = URL.removeprefix("http://")


@pytest.mark.parametrize("allowed", [[], ["127.0.0.1:1"], [f"https://{ORIGIN}"], lambda_hosts("us-east-1")])
def test_destination_that_is_not_allowed_is_denied_and_the_function_does_not_run(runs, allowed):
    key = str(uuid.uuid4())
    with pytest.raises(TransportError) as raised:
        Client(allowed_hosts=allowed).invoke("count", json={"key": key})
    assert (raised.value.kind, raised.value.executed) == (TransportKind.DENIED, Executed.NO)
    assert runs(key) == 0


@pytest.mark.parametrize("allowed", [[URL], [ORIGIN], [f"{URL}/path"], ["elsewhere.example", URL]])
def test_allowed_destination_is_reached(runs, allowed):
    key = str(uuid.uuid4())
    output = Client(allowed_hosts=allowed).invoke("count", json={"key": key}).output
    assert json.loads(output) == {"key": key, "runs": 1}
    assert runs(key) == 1


def test_cards_reach_only_what_the_client_may(client):
    key = client.connection.credentials
    connection = {
        "region": "us-east-1",
        "credentialType": "accessKeys",
        "accessKeyId": key.access_key_id,
        "secretAccessKey": key.secret_access_key,
        "endpoint": URL,
    }
    values = {"useFunctionName": "Yes", "functionName": "echo"}
    with pytest.raises(TransportError) as raised:
        Client(allowed_hosts=lambda_hosts("us-east-1")).cards.run(connection, "invoke", values)
    assert raised.value.kind == TransportKind.DENIED


def test_default_policy_allows_the_hosts_of_the_region():
    assert lambda_hosts("eu-central-1") == [
        "https://lambda.eu-central-1.amazonaws.com",
        "https://lambda-fips.eu-central-1.amazonaws.com",
        "https://lambda.eu-central-1.api.aws",
        "https://lambda-fips.eu-central-1.api.aws",
    ]
    assert sts_hosts("cn-north-1")[::2] == [
        "https://sts.cn-north-1.amazonaws.com.cn",
        "https://sts.cn-north-1.api.amazonwebservices.com.cn",
    ]


@pytest.mark.parametrize("region", ["", "s3", "us-east-1.evil.example", "US-EAST-1", "us-east-1\n", "a-" * 40 + "b-1"])
def test_text_that_is_not_a_region_has_no_hosts(region):
    assert lambda_hosts(region) == []


def test_hosts_are_those_that_the_component_lists(client):
    listed = client.cards.describe().outbound_hosts
    for region in ["eu-central-1", "cn-north-1", "eusc-de-east-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1"]:
        expected = {f"https://{host}".format(region=region) for host in listed}
        assert set(lambda_hosts(region) + sts_hosts(region)) <= expected
        assert len(lambda_hosts(region)) == 4


def test_sts_is_allowed_only_for_what_needs_it(monkeypatch):
    from aws_lambda_connector import AccessKey, AssumeRole, Connection, Role, _wit
    from aws_lambda_connector._core import Core

    keys = AccessKey(access_key_id="A", secret_access_key="s")

    def core(credentials):
        return Core(Connection(region="eu-central-1", credentials=credentials), None, None, 60, 1, 64 << 20)

    sts = ("https", "sts.eu-central-1.amazonaws.com")
    plain, role = core(keys), core(AssumeRole(source=keys, roles=(Role(arn="arn:aws:iam::1:role/r"),)))
    assert not plain._policy_of(_wit.LAMBDA_INVOKE).allows(*sts)
    assert plain._policy_of(_wit.SESSIONS_OPEN).allows(*sts)
    assert plain._policy_of(_wit.LAMBDA_TEST_CONNECTION).allows(*sts)
    assert role._policy_of(_wit.LAMBDA_INVOKE).allows(*sts)


ALLOWED = Policy(["https://lambda.eu-central-1.amazonaws.com", "proxy.internal:8080", "plain.example", "http://[::1]:9001/base"])


@pytest.mark.parametrize(
    ("scheme", "authority", "expected"),
    [
        ("https", "lambda.eu-central-1.amazonaws.com", True),
        ("https", "lambda.eu-central-1.amazonaws.com:443", True),
        ("https", "LAMBDA.eu-central-1.amazonaws.com", True),
        ("http", "lambda.eu-central-1.amazonaws.com", False),
        ("http", "lambda.eu-central-1.amazonaws.com:443", False),
        ("https", "lambda.eu-central-1.amazonaws.com:8443", False),
        ("https", "lambda.eu-west-1.amazonaws.com", False),
        ("https", "a.lambda.eu-central-1.amazonaws.com", False),
        ("https", "lambda.eu-central-1.amazonaws.com.evil.example", False),
        ("https", "lambda.eu-central-1.amazonaws.com@evil.example", False),
        ("https", "evil.example@lambda.eu-central-1.amazonaws.com", False),
        ("https", "lambda.eu-central-1.amazonaws.com\\.evil.example", False),
        ("https", "lambda.eu-central-1.amazonaws.com ", False),
        ("https", "", False),
        ("http", "proxy.internal:8080", True),
        ("https", "proxy.internal:8080", True),
        ("http", "proxy.internal", False),
        ("http", "plain.example", True),
        ("http", "plain.example:80", True),
        ("https", "plain.example:80", False),
        ("ftp", "plain.example", False),
        ("http", "[::1]:9001", True),
        ("http", "[0:0::1]:9001", True),
        ("http", "[::1]:9002", False),
        ("http", "[::zz]:9001", False),
    ],
)
def test_destinations_match_by_scheme_host_and_port(scheme, authority, expected):
    assert ALLOWED.allows(scheme, authority) is expected


@pytest.mark.parametrize(
    "text",
    [
        "169.254.169.254",
        "http://169.254.170.2/",
        "[fe80::1]:80",
        "[fd00:ec2::254]",
        "[::ffff:169.254.169.254]",
        "[::169.254.169.254]",
        "[::ffff:0:169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[64:ff9b::168.63.129.16]",
        "[64:ff9b:1::169.254.169.254]",
        "[64:ff9b:1:a9fe:a9:fe00::]",
        "[64:ff9b:1:a9:fe:a9fe::]",
        "[64:ff9b:1:0:a9:fea9:fe00:0]",
        "[2002:a9fe:a9fe::]",
        "[2002:6464:64c8::1]",
        "[2001:0:a9fe:a9fe::1]",
        "[2001:0:102:304::5601:5601]",
        "[2001:db8::5efe:169.254.169.254]",
        "[2001:db8::200:5efe:169.254.169.254]",
        "2852039166",
        "0xa9fea9fe",
        "0xa9fea9fe.",
        "0xa9fea9fe..",
        "0XA9.254.169.254",
        "0xa9.254.169.254",
        "http://0xa9.254.169.254:80/",
        "0xa9.254.169.254.",
        "0xa9.16689662",
        "0xa9.0376.43518",
        "169.0xfea9fe",
        "0251.0376.0251.0376",
        "169.254.169.254.",
        "host.0x",
        "host.7",
        "a..example",
        ".example",
        "100.100.100.200",
        "user@host",
        "ftp://host",
        "host/path",
        "host:port",
        "",
    ],
)
def test_destination_that_is_prohibited_or_unclear_cannot_be_allowed(text):
    with pytest.raises(InvalidInputError, match="allowed_hosts"):
        Policy([text])


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.1",
        "169.253.255.255",
        "localhost",
        "a_b.0xa9.7.example",
        "0xa9fea9fe-1",
        "absolute.example.",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "[::ffff:0:10.0.0.1]",
        "[64:ff9b::10.0.0.1]",
        "[64:ff9b:1::10.0.0.1]",
        "[2002:a00:1::1]",
        "[2001:0:102:304::f5ff:fffe]",
        "[2001:db8::5efe:10.0.0.1]",
        "[2001:db8::1]",
    ],
)
def test_destination_beside_a_prohibited_one_can_be_allowed(text):
    assert Policy([text]).allows("https", text)


@pytest.mark.parametrize("url", ["http://0xa9.254.169.254", "http://[64:ff9b::a9fe:a9fe]", "https://[2002:a9fe:a9fe::]"])
def test_endpoint_url_that_leads_to_a_metadata_service_is_rejected(url):
    with pytest.raises(InvalidInputError, match="endpoint_url: .* metadata service"):
        Client(endpoint_url=url)


def test_policy_that_fails_denies(client, runs, monkeypatch):
    def broken(*_):
        raise RuntimeError("broken")

    key = str(uuid.uuid4())
    monkeypatch.setattr(Policy, "allows", broken)
    with pytest.raises(Exception) as raised:
        client.invoke("count", json={"key": key})
    assert raised.value.executed in (Executed.NO, Executed.UNKNOWN)
    monkeypatch.undo()
    assert runs(key) == 0
