"""Raises an exception, as a handler with a bug does."""


class OrderNotFound(Exception):
    pass


def handler(event, context):
    raise OrderNotFound(f"no order {event['order']}")
