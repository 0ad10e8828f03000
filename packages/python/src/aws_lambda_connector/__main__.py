"""Invokes and lists functions. Reads the region and the keys from the environment variables that AWS defines."""

from __future__ import annotations

import argparse
import sys

from aws_lambda_connector import Client, ConnectorError, FunctionFailedError, InvalidInputError


def main() -> int:
    """The exit code is 0 for a success, 1 for an error, 2 for wrong usage and 3 for a function that failed."""
    parser = argparse.ArgumentParser(prog="python -m aws_lambda_connector", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    invoke = commands.add_parser("invoke", help="invokes a function and prints its output")
    invoke.add_argument("function_name")
    invoke.add_argument("payload", nargs="?", help="JSON text, or - for standard input")
    invoke.add_argument("--qualifier", help="a version or an alias")
    listing = commands.add_parser("list", help="lists functions, one a line")
    listing.add_argument("name_contains", nargs="?", help="part of the name")
    arguments = parser.parse_args()
    try:
        client = Client()
        if arguments.command == "list":
            for function in client.iter_functions(name_contains=arguments.name_contains):
                print(function.name)
            return 0
        payload = sys.stdin.buffer.read() if arguments.payload == "-" else arguments.payload
        output = client.invoke(arguments.function_name, payload, qualifier=arguments.qualifier).output
    except FunctionFailedError as error:
        print(error, file=sys.stderr)
        return 3
    except ConnectorError as error:
        print(f"{error.__class__.__name__}: {error}", file=sys.stderr)
        return 2 if isinstance(error, InvalidInputError) else 1
    if output is not None:
        sys.stdout.buffer.write(output.encode() if isinstance(output, str) else output)
        if isinstance(output, str):
            print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
