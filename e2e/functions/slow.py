"""Runs for longer than its timeout of one second."""

import time


def handler(event, context):
    time.sleep(30)
