"""ministack with signature checks, and the functions, users and roles of the tests.

boto3 creates them over the real API. The server never checks signatures of its root key, so the tests
call as IAM users and as a role's session.
"""

import contextlib
import io
import json
import pathlib
import sys
import uuid
import zipfile

import boto3

from connector import Keys
from peers.process import base_environment, free_port, server

REGION = "us-east-1"
ACCOUNT = "000000000000"
ROOT = Keys("test", "test")
ISSUER = "https://issuer.example"
AUDIENCE = "sts.amazonaws.com"
FUNCTIONS = pathlib.Path(__file__).parent.parent / "functions"
# Functions with the name of their handler's module.
HANDLER_NAMES = ["echo", "raises", "looks_failed", "prints", "records", "context"]
# Lambda puts 50 functions on one page.
PAGE_NAMES = [f"page-{number:02}" for number in range(57)]
FUNCTION_NAMES = [*HANDLER_NAMES, "slow", "throttled", "durable", *PAGE_NAMES]
READS = [
    "lambda:GetFunctionConfiguration",
    "lambda:ListFunctions",
    "lambda:ListAliases",
    "lambda:ListVersionsByFunction",
]


class Ministack:
    """A running server: its endpoint and the keys that the tests call with."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self._lambda = self.client("lambda", ROOT)
        self._lambda.meta.events.register("before-call.lambda.CreateFunction", _enable_durable_config)
        self._iam = self.client("iam", ROOT)
        self._make_functions()
        self.user = self._make_user("caller", ["lambda:InvokeFunction", *READS])
        self.stranger = self._make_user("stranger", [])
        # ministack authorizes a list of executions as lambda:GetFunction, and no other call on executions.
        self.operator = self._make_user("operator", ["lambda:InvokeFunction", "lambda:GetFunction"])
        self.session = self._role_session()
        self._make_chain()
        self._make_federated()
        self._make_wide()

    def function_arn(self, name):
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"

    def client(self, service, keys):
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            aws_session_token=keys.session_token,
        )

    def _make_functions(self):
        self._role = self._make_role("execution", {"Service": "lambda.amazonaws.com"})
        for name in HANDLER_NAMES:
            self._make_function(name, name)
        self._make_function("slow", "slow", Timeout=1)
        self._make_function("throttled", "echo")
        self._lambda.put_function_concurrency(FunctionName="throttled", ReservedConcurrentExecutions=0)
        self._lambda.publish_version(FunctionName="context", Description="first release")
        self._lambda.create_alias(FunctionName="context", Name="live", FunctionVersion="1")
        self._make_durable("durable")
        for name in PAGE_NAMES:
            self._make_function(name, "echo", Description=f"is {name}", Environment={"Variables": {"SECRET": "hush"}})

    def _make_function(self, name, module, **settings):
        self._lambda.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=self._role,
            Handler=f"{module}.handler",
            Code={"ZipFile": _zip(module)},
            **settings,
        )

    def _make_durable(self, name):
        """Creates a durable function, with version 1 and the alias `live`."""
        self._make_function(name, "durable", Timeout=30, DurableConfig={"ExecutionTimeout": 300})
        self._lambda.publish_version(FunctionName=name)
        self._lambda.create_alias(FunctionName=name, Name="live", FunctionVersion="1")

    @contextlib.contextmanager
    def durable_function(self):
        """Runs a block with one more durable function. Its name is new, because the executions of a deleted
        function stay in the list of its name."""
        name = f"durable-{uuid.uuid4()}"
        self._make_durable(name)
        try:
            yield name
        finally:
            self._lambda.delete_function(FunctionName=name)

    def _make_user(self, name, actions):
        self._iam.create_user(UserName=name)
        if actions:
            policy = _policy(actions, Resource="*")
            self._iam.put_user_policy(UserName=name, PolicyName="e2e", PolicyDocument=policy)
        return _keys(self._iam.create_access_key(UserName=name)["AccessKey"])

    def _make_role(self, name, principal):
        trust = _policy(["sts:AssumeRole"], Principal=principal)
        return self._iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]

    def _make_chain(self):
        """Creates two roles. The first may only assume the second, which may only invoke."""
        self.assumer = self._make_user("chain-assumer", ["sts:AssumeRole"])
        user = f"arn:aws:iam::{ACCOUNT}:user/chain-assumer"
        self.first_role = self._make_role("first", {"AWS": user})
        self._allow("first", ["sts:AssumeRole"], "*")
        self.second_role = self._make_role("second", {"AWS": self.first_role})
        self._allow("second", ["lambda:InvokeFunction"], self.function_arn("echo"))

    def _make_federated(self):
        """Creates a role for tokens of one issuer and audience. It may only invoke."""
        issuer = ISSUER.removeprefix("https://")
        self._iam.create_open_id_connect_provider(Url=ISSUER, ClientIDList=[AUDIENCE], ThumbprintList=["0" * 40])
        provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"
        condition = {"StringEquals": {f"{issuer}:aud": AUDIENCE}}
        trust = _policy(["sts:AssumeRoleWithWebIdentity"], Principal={"Federated": provider}, Condition=condition)
        role = self._iam.create_role(RoleName="federated", AssumeRolePolicyDocument=trust)
        self.federated_role = role["Role"]["Arn"]
        self._allow("federated", ["lambda:InvokeFunction"], self.function_arn("echo"))

    def _make_wide(self):
        """Creates a role that may do everything in Lambda."""
        self.wide_role = self._make_role("wide", {"AWS": f"arn:aws:iam::{ACCOUNT}:user/chain-assumer"})
        self._allow("wide", ["lambda:*"], "*")

    def user_with(self, policy):
        """Returns the keys of a new user with this policy."""
        name = f"user-{uuid.uuid4()}"
        self._iam.create_user(UserName=name)
        self._iam.put_user_policy(UserName=name, PolicyName="e2e", PolicyDocument=policy)
        return _keys(self._iam.create_access_key(UserName=name)["AccessKey"])

    def _allow(self, role, actions, resource):
        policy = _policy(actions, Resource=resource)
        self._iam.put_role_policy(RoleName=role, PolicyName="e2e", PolicyDocument=policy)

    def _role_session(self):
        """Returns the keys of a role that may only invoke one function."""
        role = self._make_role("invoker", {"AWS": ACCOUNT})
        self._allow("invoker", ["lambda:InvokeFunction"], self.function_arn("echo"))
        assumer = self._make_user("assumer", ["sts:AssumeRole"])
        answer = self.client("sts", assumer).assume_role(RoleArn=role, RoleSessionName="e2e")
        return _keys(answer["Credentials"])


@contextlib.contextmanager
def running(folder):
    """Starts the server with its state in `folder`, and creates the tests' functions, users and roles."""
    port = free_port()
    environment = base_environment(folder) | {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "SERVICES": "lambda,iam,sts,logs",
        "LAMBDA_EXECUTOR": "local",
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": ROOT.access_key_id,
        "AWS_SECRET_ACCESS_KEY": ROOT.secret_access_key,
    }
    program = pathlib.Path(sys.executable).with_name("ministack")
    with server([program], environment, port, folder):
        yield Ministack(f"http://127.0.0.1:{port}")


def _enable_durable_config(params, **_):
    """Adds the member by which ministack knows a durable function. AWS's API does not have it."""
    body = json.loads(params["body"])
    if "DurableConfig" in body:
        body["DurableConfig"]["Enabled"] = True
        params["body"] = json.dumps(body).encode()


def _zip(module):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.write(FUNCTIONS / f"{module}.py", f"{module}.py")
    return archive.getvalue()


def _policy(actions, **whom_or_what):
    statement = {"Effect": "Allow", "Action": actions, **whom_or_what}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _keys(answer):
    return Keys(answer["AccessKeyId"], answer["SecretAccessKey"], answer.get("SessionToken"))
