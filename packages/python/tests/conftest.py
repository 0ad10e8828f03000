"""The client under test, and how often functions ran."""

import json

import pytest

import aws_lambda_connector
from aws_lambda_connector import Client


def pytest_configure():
    # The tests are about the wheel.
    assert "site-packages" in aws_lambda_connector.__file__, aws_lambda_connector.__file__


@pytest.fixture(scope="session")
def client():
    return Client()


@pytest.fixture
def runs(client):
    """How often `count` has run for a key. Reading it runs the function again."""
    return lambda key: json.loads(client.invoke("count", json={"key": key}).output)["runs"] - 1
