"""The connection that keyword arguments and AWS's environment variables describe."""

from __future__ import annotations

import os
from collections.abc import Mapping

from aws_lambda_connector.exceptions import InvalidInputError
from aws_lambda_connector.types import (
    AccessKey,
    Connection,
    Credentials,
    DualStackEndpoint,
    EmulatorEndpoint,
    Endpoint,
    FipsDualStackEndpoint,
    FipsEndpoint,
    UrlEndpoint,
)


def connection(
    region_name: str | None,
    access_key: tuple[str | None, str | None, str | None],
    credentials: Credentials | None,
    endpoint_url: str | None,
    endpoint: Endpoint | None,
) -> Connection:
    """An argument wins over the environment. Keys are taken from one of the two, never from both."""
    environment = os.environ
    region = region_name or environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    if not region:
        raise InvalidInputError.of("region_name", "is missing; pass it, or set AWS_REGION")
    if endpoint_url is not None and endpoint is not None:
        raise InvalidInputError.of("endpoint_url", "excludes `endpoint`; pass one of the two")
    return Connection(
        region=region,
        credentials=_credentials(access_key, credentials, environment),
        endpoint=UrlEndpoint(endpoint_url) if endpoint_url else endpoint or _endpoint(environment),
    )


def _credentials(
    access_key: tuple[str | None, str | None, str | None],
    credentials: Credentials | None,
    environment: Mapping[str, str],
) -> Credentials:
    if credentials is not None:
        if any(access_key):
            raise InvalidInputError.of("credentials", "excludes the arguments `aws_…`; pass one of the two")
        return credentials
    names = "`aws_access_key_id` and `aws_secret_access_key`"
    if not any(access_key):
        names = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        access_key = (
            environment.get("AWS_ACCESS_KEY_ID"),
            environment.get("AWS_SECRET_ACCESS_KEY"),
            environment.get("AWS_SESSION_TOKEN"),
        )
    identifier, secret, token = access_key
    if not identifier or not secret:
        raise InvalidInputError.of("credentials", f"are incomplete; set both {names}, or pass `credentials`")
    return AccessKey(access_key_id=identifier, secret_access_key=secret, session_token=token or None)


def _endpoint(environment: Mapping[str, str]) -> Endpoint | None:
    if not _is_true(environment, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
        if url := environment.get("AWS_ENDPOINT_URL_LAMBDA") or environment.get("AWS_ENDPOINT_URL"):
            return UrlEndpoint(url)
    fips = _is_true(environment, "AWS_USE_FIPS_ENDPOINT")
    dual_stack = _is_true(environment, "AWS_USE_DUALSTACK_ENDPOINT")
    if fips:
        return FipsDualStackEndpoint() if dual_stack else FipsEndpoint()
    return DualStackEndpoint() if dual_stack else None


def _is_true(environment: Mapping[str, str], name: str) -> bool:
    return environment.get(name, "").lower() == "true"


def url_of(endpoint: Endpoint | None) -> str | None:
    """The URL of an endpoint that has one of its own."""
    return endpoint.value if isinstance(endpoint, (UrlEndpoint, EmulatorEndpoint)) else None
