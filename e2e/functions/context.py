"""Returns what the runtime reports about the call."""


def handler(event, context):
    client = context.client_context
    return {
        "version": context.function_version,
        "request_id": context.aws_request_id,
        "arn": context.invoked_function_arn,
        "tenant": getattr(context, "tenant_id", None),
        "client": client and {
            "app_title": client.client and client.client.app_title,
            "custom": client.custom,
            "env": client.env,
        },
    }
