"""Invokes one function: invoke.py COMPONENT FUNCTION [PAYLOAD]"""

import sys

from connector import Connector, LambdaError, from_environment


def main(component, function, payload=None):
    try:
        invocation = Connector(component).call(
            "lambda", "invoke", from_environment(), {"function": function, "payload": payload}
        )
    except LambdaError as error:
        if error.case == "function-failed":
            failure = error.detail.failure
            print(f"the function failed: {getattr(failure, 'error-type')}: {getattr(failure, 'error-message')}")
            return 3
        # Check `executed` before you retry. Rejected input never ran.
        executed = getattr(error.detail, "executed", "no")
        print(f"{error} (did the function run? {executed})")
        return 1
    # Text is a `str`, binary output is `bytes`, and no output is `None`.
    print(invocation.output)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
