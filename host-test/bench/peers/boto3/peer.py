"""Invokes `echo` with boto3, and measures the CPU time of this process.

    peer.py URL PAYLOADS            prints the versions; then, for each line of two numbers, BYTES and CALLS,
                                    the CPU time of one call
    peer.py URL PAYLOADS --first    makes one call, and prints that it has its response

The folder PAYLOADS has an event of each length. The keys and the region come from the environment.
"""

import os
import platform
import ssl
import sys
import time
from pathlib import Path

import boto3
import botocore
from botocore.config import Config


def client(url):
    # The same on all sides: no retries, and these times.
    config = Config(connect_timeout=3, read_timeout=60, retries={"total_max_attempts": 1})
    return boto3.client(
        "lambda",
        endpoint_url=url,
        region_name=os.environ["AWS_REGION"],
        aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"],
        config=config,
    )


def invoke(lambda_, payload):
    response = lambda_.invoke(FunctionName="echo", Payload=payload)
    output = response["Payload"].read()
    if "FunctionError" in response or output != payload:
        sys.exit(f"unexpected response of {len(output)} bytes")


def main(url, payloads, mode=""):
    lambda_ = client(url)
    if mode == "--first":
        invoke(lambda_, (Path(payloads) / "100.json").read_bytes())
        print("answered", flush=True)
        return
    versions = [
        f"boto3 {boto3.__version__}",
        f"botocore {botocore.__version__}",
        f"Python {platform.python_version()}",
        ssl.OPENSSL_VERSION,
    ]
    print(", ".join(versions), flush=True)
    for line in sys.stdin:
        size, calls = map(int, line.split())
        payload = (Path(payloads) / f"{size}.json").read_bytes()
        start = time.process_time()
        for _ in range(calls):
            invoke(lambda_, payload)
        print((time.process_time() - start) / calls, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
