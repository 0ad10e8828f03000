from connector import Connector, from_environment

connector = Connector("target/aws-lambda-connector.wasm")
request = {"function": "greet", "payload": '{"name": "Ada"}'}
invocation = connector.call("lambda", "invoke", from_environment(), request)
print(invocation.output)
