"""`python -m aws_lambda_connector`, and the program of the documentation."""

import os
import pathlib
import subprocess
import sys

import pytest


def run(*arguments, stdin=None, **environment):
    done = subprocess.run(
        [sys.executable, "-m", "aws_lambda_connector", *arguments],
        env=os.environ | environment,
        input=stdin,
        capture_output=True,
    )
    return done.returncode, done.stdout, done.stderr


def test_output_of_a_function_is_printed():
    assert run("invoke", "greet", '{"name":"Ada"}') == (0, b'{"message":"Hello, Ada!"}\n', b"")


def test_payload_is_read_from_standard_input():
    assert run("invoke", "echo", "-", stdin='"größe"'.encode()) == (0, '"größe"\n'.encode(), b"")


def test_binary_output_is_written_as_it_is():
    assert run("invoke", "binary") == (0, b"\x89PNG\r\n\x1a\n\x00\xff\xfe", b"")


def test_functions_are_listed():
    assert run("list", "ech") == (0, b"echo\n", b"")


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "message"),
    [
        (["invoke", "fail", '{"type":"T","message":"m"}'], {}, 3, b"the function failed (thrown): T: m\n"),
        (["invoke", "missing"], {}, 1, b"ServiceError: ResourceNotFoundException"),
        (["invoke", "echo", "{"], {}, 2, b"InvalidInputError: request.payload"),
        (["invoke", "echo"], {"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, 2, b"set AWS_REGION"),
        ([], {}, 2, b"usage"),
    ],
)
def test_error_is_one_line_and_an_exit_code(arguments, environment, code, message):
    returned, output, errors = run(*arguments, **environment)
    assert (returned, output) == (code, b"")
    assert message in errors
    assert b"Traceback" not in errors


def test_program_of_the_embedding_page_prints_the_greeting():
    program = pathlib.Path(__file__).with_name("greet.py")
    done = subprocess.run([sys.executable, program], capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stdout, done.stderr) == (0, '{"message":"Hello, Ada!"}\n', "")
