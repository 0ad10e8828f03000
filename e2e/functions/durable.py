"""A durable function with AWS's SDK. The event's `does` selects what it does."""

from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration

# ministack takes the SDK's default, no timeout, for a timeout of zero seconds.
CALLBACK = CallbackConfig(timeout=Duration.from_minutes(5), heartbeat_timeout=Duration.from_minutes(5))


class OrderNotFound(Exception):
    pass


@durable_execution
def handler(event, context):
    match event["does"]:
        case "return":
            return event["value"]
        case "step":
            return context.step(lambda _: event["value"], name="look-up")
        case "raise":
            raise OrderNotFound(f"no order {event['order']}")
        case "sleep":
            context.wait(Duration.from_seconds(1), name="pause")
            return "awake"
        case "ask":
            return context.create_callback(name="approval", config=CALLBACK).result()
