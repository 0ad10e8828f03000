from aws_lambda_connector import Client

client = Client()
invocation = client.invoke("greet", json={"name": "Ada"})
print(invocation.output)
