"""Appends a line to a file for every run, so that a caller without a response can see that it ran."""

import json


def handler(event, context):
    with open(event["file"], "a", encoding="utf-8") as file:
        file.write(json.dumps(event["note"]) + "\n")
    return "recorded"
