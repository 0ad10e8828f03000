"""Fails as a handler with a bug in it does."""


class OrderNotFound(Exception):
    pass


def handler(event, context):
    raise OrderNotFound(f"no order {event['order']}")
