"""What an agent cannot do, and the answers of a host that is not set up."""

import json

import pytest

NOT_ALLOWED = "Did not run: `count` is not one of the functions that AWS_LAMBDA_ALLOWED_FUNCTIONS allows"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:"
# Spellings of `count` that Lambda accepts, and others that a careless comparison would.
SPELLINGS = [
    "count",
    "count:$LATEST",
    "Count",
    "COUNT",
    " count",
    "count ",
    "count\n",
    "\tcount",
    "count\u0000",
    f"{ARN}count",
    f"{ARN}count:$LATEST",
    "arn:aws:lambda:us-east-1:999999999999:function:count",
    "arn:aws:lambda:eu-west-1:123456789012:function:count",
    "123456789012:function:count",
    "123456789012:count",
    "us-east-1:123456789012:function:count",
    "function:count",
    "greet:count",
    "greet/../count",
    "greet,count",
    "greet count",
    "greet/invocations?x=/count",
    "..",
    "./count",
    "count/",
    "%63ount",
    "coun%74",
    "greet\r\ncount",
    "ｃount",
    "count*",
    "*",
    "",
]


def test_function_that_is_not_allowed_never_runs_in_any_spelling(start, temporary, runs, key):
    payload = json.dumps({"key": key})
    with start(
        temporary | {"AWS_LAMBDA_ALLOWED_FUNCTIONS": "greet,function,123456789012,counter,Count,COUNT"}
    ) as session:
        answers = {name: session.invoke(name, payload) for name in SPELLINGS}
        assert session.invoke("greet", '{"name": "Ada"}').startswith("Ran and succeeded: ")
    assert answers["count"].startswith(NOT_ALLOWED)
    ran = {name for name, answer in answers.items() if not answer.startswith("Did not run: ")}
    assert ran == set()
    assert runs() == 0


def test_arn_is_rejected_even_if_its_function_is_allowed(agent, runs, key):
    answer = agent.invoke(f"{ARN}count", json.dumps({"key": key}))
    assert answer.startswith("Did not run: a function is named by its plain name") and "ARNs" in answer
    assert runs() == 0


def test_prefix_allows_what_begins_with_it(start, temporary, runs, key):
    with start(temporary | {"AWS_LAMBDA_ALLOWED_FUNCTIONS": " gre* , cou*"}) as session:
        assert session.invoke("count", json.dumps({"key": key})) == f'Ran and succeeded: {{"key":"{key}","runs":1}}'
        assert session.invoke("echo", "7").startswith("Did not run: `echo` is not one of ")
    assert runs() == 1


def test_only_allowed_functions_are_listed_and_described(start, temporary):
    with start(temporary | {"AWS_LAMBDA_ALLOWED_FUNCTIONS": "greet,ech*,ghost"}) as session:
        lines = session.call("list-functions", name_contains="").splitlines()
        assert [line.split(":")[0] for line in lines] == ["2 functions", "echo", "greet"]
        assert session.call("list-functions", name_contains="count").startswith("No such function")
        assert session.call("describe-function", name="count").startswith(
            "Failed, and ran nothing: `count` is not one of "
        )


@pytest.mark.parametrize(
    "missing", ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_LAMBDA_ALLOWED_FUNCTIONS"]
)
def test_missing_variable_is_named_and_nothing_runs(start, temporary, missing, runs, key):
    with start({name: value for name, value in temporary.items() if name != missing}) as session:
        invoked = session.invoke("count", json.dumps({"key": key}))
        others = [session.call("list-functions", name_contains=""), session.call("describe-function", name="count")]
    assert invoked.startswith("Did not run: ") and missing in invoked
    for answer in others:
        assert answer.startswith("Failed, and ran nothing: ") and missing in answer
    assert runs() == 0


def test_variable_that_wassette_may_not_pass_on_is_missing(installed, tmp_path, start, temporary):
    wassette = installed.copy(tmp_path / "copy")
    policy = wassette.folder / "components/aws-lambda-tools.policy.yaml"
    wassette.set_policy(policy.read_text().replace("      - key: AWS_SECRET_ACCESS_KEY\n", ""))
    with start(temporary, wassette) as session:
        answer = session.invoke("greet", '{"name": "Ada"}')
    assert answer.startswith("Did not run: AWS_SECRET_ACCESS_KEY did not reach the component: ")


def test_secret_of_wassette_is_used_and_never_shown(installed, tmp_path, start, temporary):
    wassette = installed.copy(tmp_path / "copy")
    wassette.run("secret", "set", "aws-lambda-tools", f"AWS_SECRET_ACCESS_KEY={temporary['AWS_SECRET_ACCESS_KEY']}")
    variables = {name: value for name, value in temporary.items() if name != "AWS_SECRET_ACCESS_KEY"}
    with start(variables, wassette) as session:
        assert session.invoke("greet", '{"name": "Ada"}') == 'Ran and succeeded: {"message":"Hello, Ada!"}'


def test_secrets_of_wassette_suffice_on_its_command_line(installed, tmp_path, temporary):
    """This command passes no environment variable on."""
    wassette = installed.copy(tmp_path / "copy")
    wassette.run("secret", "set", "aws-lambda-tools", *(f"{name}={value}" for name, value in temporary.items()))
    answer = wassette.run("tool", "invoke", "list-functions", "--args", '{"name-contains": "greet"}')
    assert answer.startswith("1 function:\ngreet: Greets by name (")


def test_component_without_a_policy_reaches_no_host(installed, tmp_path, start, temporary, runs, key):
    wassette = installed.copy(tmp_path / "copy")
    (wassette.folder / "components/aws-lambda-tools.policy.yaml").unlink()
    with start(temporary, wassette) as session:
        assert session.invoke("count", json.dumps({"key": key})).startswith("Did not run: the host's policy forbids ")
    assert runs() == 0


def test_host_that_wassette_does_not_allow_is_not_reached(installed, tmp_path, start, temporary, runs, key):
    wassette = installed.copy(tmp_path / "copy")
    policy = (wassette.folder / "components/aws-lambda-tools.policy.yaml").read_text()
    wassette.set_policy(policy.replace("127.0.0.1", "https://lambda.eu-central-1.amazonaws.com"))
    with start(temporary, wassette) as session:
        assert session.invoke("count", json.dumps({"key": key})).startswith("Did not run: the host's policy forbids ")
        for tool, arguments in [("list-functions", {"name_contains": ""}), ("describe-function", {"name": "count"})]:
            assert session.call(tool, **arguments).startswith("Failed, and ran nothing: the host's policy forbids ")
    assert runs() == 0


@pytest.mark.parametrize(
    "wrong, reason",
    [
        ("AWS_SECRET_ACCESS_KEY", "InvalidSignatureException: "),
        ("AWS_SESSION_TOKEN", "UnrecognizedClientException: "),
        ("AWS_ACCESS_KEY_ID", "invalid AWS_ACCESS_KEY_ID: "),
    ],
)
def test_rejected_keys_are_reported_without_the_keys(start, temporary, wrong, reason, runs, key):
    with start(temporary | {wrong: "wrong/but+long/enough+to/be+a/key"}) as session:
        assert session.invoke("count", json.dumps({"key": key})).startswith(f"Did not run: {reason}")
        for tool, arguments in [("list-functions", {"name_contains": ""}), ("describe-function", {"name": "count"})]:
            assert session.call(tool, **arguments).startswith(f"Failed, and ran nothing: {reason}")
    assert runs() == 0


def test_role_is_assumed_before_a_call(start, long_term, runs, key):
    """The local STS has no roles, so its answer shows that it was asked."""
    role = {"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/agent", "AWS_LAMBDA_ALLOWED_FUNCTIONS": "*"}
    with start(long_term | role) as session:
        answer = session.invoke("count", json.dumps({"key": key}))
    assert answer.startswith("Did not run: AccessDenied") and "sts:AssumeRole" in answer
    assert runs() == 0


@pytest.mark.parametrize(
    "value, named",
    [
        ({"AWS_LAMBDA_ALLOWED_FUNCTIONS": "greet,arn:aws:lambda:*"}, "entry 2 of AWS_LAMBDA_ALLOWED_FUNCTIONS"),
        ({"AWS_LAMBDA_TIMEOUT_SECONDS": "soon"}, "AWS_LAMBDA_TIMEOUT_SECONDS must be"),
        ({"AWS_REGION": "nowhere!"}, "invalid AWS_REGION: "),
        ({"AWS_ENDPOINT_URL_LAMBDA": "ftp://hidden"}, "invalid AWS_ENDPOINT_URL_LAMBDA: "),
    ],
)
def test_invalid_variable_is_named_without_its_value(start, temporary, value, named):
    with start(temporary | value) as session:
        answer = session.invoke("greet", '{"name": "Ada"}')
    assert answer.startswith("Did not run: ") and named in answer
    assert not any(text in answer for text in value.values())


def test_calls_at_once_all_succeed(agent):
    names = [f"n{number}" for number in range(20)]
    answers = agent.together([("greet", json.dumps({"name": name})) for name in names])
    assert answers == [f'Ran and succeeded: {{"message":"Hello, {name}!"}}' for name in names]
