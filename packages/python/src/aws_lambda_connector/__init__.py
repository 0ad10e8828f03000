"""AWS Lambda as a sandboxed WebAssembly component."""

from importlib import metadata

from aws_lambda_connector import types
from aws_lambda_connector._policy import lambda_hosts, sts_hosts
from aws_lambda_connector.aio import AsyncClient
from aws_lambda_connector.client import Client
from aws_lambda_connector.exceptions import *
from aws_lambda_connector.exceptions import __all__ as _exceptions
from aws_lambda_connector.types import *
from aws_lambda_connector.types import __all__ as _types

__version__ = metadata.version("aws-lambda-connector")
__all__ = ["AsyncClient", "Client", "lambda_hosts", "sts_hosts", "types", *_exceptions, *_types]
