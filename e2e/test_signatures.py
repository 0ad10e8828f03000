"""Records every kind of request as sent, and compares its signature with botocore's."""

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from connector import Connector, Keys

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
LONG_TERM = Keys("AKIDEXAMPLE", SECRET)
TEMPORARY = Keys("ASIDEXAMPLE", SECRET, "FwoGZXIvYXdzE+/=" * 30)
ARN = "arn:aws:lambda:eu-central-1:123456789012:function:my-function"
INVOKE = "/2015-03-31/functions/{}/invocations"
ENCODED_ARN = ARN.replace(":", "%3A")


def case(name, run, *targets, keys=LONG_TERM, base_path="", headers=None):
    """Expects that `run` sends requests to `targets`, in any order, with `headers`."""
    return pytest.param(run, targets, keys, base_path, headers or {}, id=name)


CASES = [
    case("name", lambda c: c.invoke("my-function", '{"k":"v"}'), INVOKE.format("my-function")),
    case("no payload", lambda c: c.invoke("my-function"), INVOKE.format("my-function")),
    case("unicode payload", lambda c: c.invoke("my-function", '"größe 🚀"'), INVOKE.format("my-function")),
    case(
        "alias in the name",
        lambda c: c.invoke("my-function:live", "{}"),
        INVOKE.format("my-function%3Alive"),
    ),
    case(
        "partial ARN",
        lambda c: c.invoke("123456789012:function:my-function", "{}"),
        INVOKE.format("123456789012%3Afunction%3Amy-function"),
    ),
    case("full ARN", lambda c: c.invoke(ARN, "{}"), INVOKE.format(ENCODED_ARN)),
    case(
        "full ARN with $LATEST",
        lambda c: c.invoke(f"{ARN}:$LATEST", "{}"),
        INVOKE.format(f"{ENCODED_ARN}%3A%24LATEST"),
    ),
    case(
        "qualifier",
        lambda c: c.invoke("my-function", "{}", qualifier="$LATEST"),
        INVOKE.format("my-function") + "?Qualifier=%24LATEST",
    ),
    case(
        "session token",
        lambda c: c.invoke("my-function", "{}", type="event"),
        INVOKE.format("my-function"),
        keys=TEMPORARY,
        headers={"x-amz-security-token": TEMPORARY.session_token, "x-amz-invocation-type": "Event"},
    ),
    case(
        "every header",
        lambda c: c.invoke(
            ARN,
            "{}",
            qualifier="live",
            log=True,
            tenant_id="a  b = c/d",
            client_context='{"custom":{"k":"größe"}}',
            trace_id="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            request_id="7F3A1B6E-0C52-4B4F-9A86-3B1F6A0F2C11",
        ),
        INVOKE.format(ENCODED_ARN) + "?Qualifier=live",
        keys=TEMPORARY,
        headers={
            "x-amz-tenant-id": "a  b = c/d",
            "x-amz-client-context": "eyJjdXN0b20iOnsiayI6Imdyw7bDn2UifX0=",
            "x-amz-log-type": "Tail",
            "x-amzn-trace-id": "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=1",
            "x-amzn-requestid": "7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f2c11",
            "x-amz-security-token": TEMPORARY.session_token,
        },
    ),
    case(
        "base path",
        lambda c: c.invoke(f"{ARN}:live", "{}"),
        "/proxy/lambda" + INVOKE.format(f"{ENCODED_ARN}%3Alive"),
        base_path="/proxy/lambda",
    ),
    case(
        "base path with a slash at its end",
        lambda c: c.invoke("my-function", "{}"),
        "/proxy" + INVOKE.format("my-function"),
        base_path="/proxy/",
    ),
    case(
        "dry run",
        lambda c: c.invoke("my-function", "{}", type="dry-run"),
        INVOKE.format("my-function"),
        headers={"x-amz-invocation-type": "DryRun"},
    ),
    case(
        "list",
        lambda c: c.list_functions(all_versions=True, limit=7),
        "/2015-03-31/functions?FunctionVersion=ALL&MaxItems=7",
        "/2015-03-31/functions?FunctionVersion=ALL&MaxItems=7&Marker=abc%2B%2F%3D%3D",
        keys=TEMPORARY,
    ),
    case(
        "qualifiers",
        lambda c: c.list_qualifiers(ARN),
        f"/2015-03-31/functions/{ENCODED_ARN}/aliases?MaxItems=50",
        f"/2015-03-31/functions/{ENCODED_ARN}/aliases?MaxItems=50&Marker=abc%2B%2F%3D%3D",
        f"/2015-03-31/functions/{ENCODED_ARN}/versions?MaxItems=50",
        f"/2015-03-31/functions/{ENCODED_ARN}/versions?MaxItems=50&Marker=abc%2B%2F%3D%3D",
    ),
]


@pytest.mark.parametrize(("run", "targets", "keys", "base_path", "headers"), CASES)
def test_signature_matches_botocore(recorder, home, run, targets, keys, base_path, headers):
    recorder.take()
    connector = Connector(f"http://{recorder.authority}{base_path}", keys, home, region="eu-central-1", scope="off")
    run(connector)
    requests = recorder.take()
    assert sorted(query_sorted(request.target) for request in requests) == sorted(map(query_sorted, targets))
    for request in requests:
        assert request.header("host") == recorder.authority
        for name, value in headers.items():
            assert request.header(name) == value
        assert_signed(request, keys)


def query_sorted(target):
    path, _, query = target.partition("?")
    return path, sorted(query.split("&"))


def assert_signed(request, keys):
    algorithm, _, parts = request.header("authorization").partition(" ")
    parts = dict(part.strip().split("=", 1) for part in parts.split(","))
    signed = parts["SignedHeaders"].split(";")
    date = request.header("x-amz-date")
    scope = f"{date[:8]}/eu-central-1/lambda/aws4_request"
    assert (algorithm, parts["Credential"]) == ("AWS4-HMAC-SHA256", f"{keys.access_key_id}/{scope}")
    # Every header that Lambda reads is signed. Headers that a proxy may change are not.
    sent = {name.lower() for name, _ in request.headers}
    read_by_lambda = {name for name in sent if name.startswith("x-amz-") or name == "x-amzn-requestid"}
    assert {"host", *read_by_lambda} <= set(signed)
    assert not {"authorization", "connection", "user-agent", "x-amzn-trace-id"} & set(signed)

    again = AWSRequest(method=request.method, url=f"http://{request.header('host')}{request.target}", data=request.body)
    for name in signed:
        again.headers[name] = request.header(name)
    again.context["timestamp"] = date
    signer = SigV4Auth(Credentials(keys.access_key_id, SECRET), "lambda", "eu-central-1")
    string_to_sign = signer.string_to_sign(again, signer.canonical_request(again))
    assert parts["Signature"] == signer.signature(string_to_sign, again)


def test_payload_is_sent_byte_for_byte(recorder, home):
    connector = Connector(f"http://{recorder.authority}", LONG_TERM, home, scope="off")
    payload = '{ "b": 1, "a": 12345678901234567890.10, "a": "größe" }'
    recorder.take()
    connector.invoke("my-function", payload)
    connector.invoke("my-function")
    with_payload, without = recorder.take()
    assert (with_payload.body, without.body) == (payload.encode(), b"")
    assert with_payload.header("content-length") == str(len(payload.encode()))
    assert with_payload.header("content-type") == "application/json"
