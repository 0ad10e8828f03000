"""A workflow step that calls the connector for each name and extracts one field of each response."""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import greetings
from wit_world.imports import types
from wit_world.imports.lambda_ import InvokeRequest, invoke

# componentize-py gives optional fields no default.
OPTIONAL = dict.fromkeys(InvokeRequest.__dataclass_fields__.keys() - {"function"})


class Greetings(exports.Greetings):
    def greet_all(self, account, names):
        connection = types.Connection(
            region=account.region,
            credentials=types.Credentials_AccessKey(
                types.AccessKey(account.access_key_id, account.secret_access_key, account.session_token)
            ),
            endpoint=None if account.endpoint is None else types.Endpoint_Url(account.endpoint),
        )
        return [greet(connection, name) for name in names]


def greet(connection, name):
    payload = json.dumps({"name": name})
    request = InvokeRequest(**OPTIONAL | {"function": "greet", "payload": payload})
    try:
        invocation = invoke(connection, request)
    except Err as error:
        raise Err(failure(error.value)) from None
    match invocation.output:
        case types.Payload_Text(text):
            pass
        case _:
            raise Err(greetings.Failure_Ran("the function returned no text"))
    try:
        message = json.loads(text)["message"]
    except (ValueError, KeyError, TypeError):
        message = None
    if not isinstance(message, str):
        raise Err(greetings.Failure_Ran(f"the response has no `message`: {text}"))
    return message


def failure(error):
    match error:
        case types.Error_InvalidInput(invalid):
            return greetings.Failure_NotRun(invalid.message)
        case types.Error_Unauthenticated(failed) | types.Error_Service(failed) | types.Error_Transport(failed):
            case_of = {
                types.Executed.NO: greetings.Failure_NotRun,
                types.Executed.YES: greetings.Failure_Ran,
                types.Executed.UNKNOWN: greetings.Failure_Unknown,
            }
            return case_of[failed.executed](failed.message)
        case types.Error_FunctionFailed(failed):
            return greetings.Failure_Ran(failed.failure.error_message or "")
        case _:
            return greetings.Failure_Unknown("the sandbox failed")
