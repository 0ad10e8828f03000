"""What the tests of durable executions share: botocore's reading of executions, in the shape in which `peers.wave`
reads the component's, and values to send."""

import json

from botocore.utils import parse_timestamp

from peers.wave import Word

NONE = Word("none")
FAILURE = {
    "error_type": "Rejected",
    "error_message": 'größe "L" 🚀',
    "error_data": '{"limit": 7}',
    "stack_trace": ["first frame", "zweiter Frame"],
}
# `FAILURE` as the component returns it.
READ_FAILURE = {name.replace("_", "-"): value for name, value in FAILURE.items()}
# The SDK raises its own exception for a failed callback, with the rest of the failure.
CALLBACK_FAILURE = {
    **READ_FAILURE,
    "error-type": "aws_durable_execution_sdk_python.exceptions.CallbackExternalError",
}


def execution_query(function, **fields):
    return {"function": function, "statuses": [], "oldest_first": False, **fields}


def history_query(arn, with_data=True, **fields):
    return {"arn": arn, "with_data": with_data, "newest_first": False, **fields}


def pages(read, query, rows):
    """The rows of every page, following the cursors. `read` calls the export with a query."""
    found = []
    while True:
        page = read(query)["ok"]
        found.append(page[rows])
        if "next" not in page:
            return found
        query = {**query, "cursor": page["next"]}


def execution(found):
    """The execution of a response, or one row of a list."""
    failure = found.get("Error")
    return _present(
        {
            "arn": found["DurableExecutionArn"],
            "name": found["DurableExecutionName"],
            "function-arn": found["FunctionArn"],
            "version": found.get("Version"),
            "status": found["Status"].lower().replace("_", "-"),
            "started-at-ms": _milliseconds(found["StartTimestamp"]),
            "ended-at-ms": _milliseconds(found.get("EndTimestamp")),
            "trace-id": found.get("TraceHeader", {}).get("XAmznTraceId"),
            "input": found.get("InputPayload"),
            "output": found.get("Result"),
            "failure": None if failure is None else _failure(failure),
        }
    )


def event(found):
    """An event of a history, with its details as botocore's values."""
    return _present(
        {
            "id": found["EventId"],
            "event-type": found["EventType"],
            "at-ms": _milliseconds(found["EventTimestamp"]),
            "operation-id": found.get("Id"),
            "parent-id": found.get("ParentId"),
            "name": found.get("Name"),
            "details": found.get(f"{found['EventType']}Details"),
        }
    )


def with_read_details(row):
    """The component's event, with its details as botocore's values. The component returns them as JSON text."""
    if "details" not in row:
        return row
    return {**row, "details": _with_times(json.loads(row["details"]))}


def _with_times(value):
    if isinstance(value, dict):
        return {
            name: parse_timestamp(item) if name.endswith("Timestamp") else _with_times(item)
            for name, item in value.items()
        }
    return value


def _failure(found):
    return _present(
        {
            "error-type": found.get("ErrorType"),
            "error-message": found.get("ErrorMessage"),
            "error-data": found.get("ErrorData"),
            "stack-trace": found.get("StackTrace", []),
        }
    )


def _milliseconds(time):
    return None if time is None else int(time.timestamp()) * 1_000 + time.microsecond // 1_000


def _present(fields):
    return {name: value for name, value in fields.items() if value is not None}
