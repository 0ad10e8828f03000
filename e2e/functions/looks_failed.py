"""Succeeds with a response that has the form of a Python error."""


def handler(event, context):
    return {"errorMessage": "a field of the answer", "errorType": "NotAnError", "stackTrace": []}
