"""Runs for longer than its time-out of one second."""

import time


def handler(event, context):
    time.sleep(30)
