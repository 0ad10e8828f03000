"""Checks that the scripts of the SDKs run: each one calls a server in this process that returns what it receives.

check.py FOLDER    the folder where `run` installed the SDKs
"""

import os
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

EVENT = b'["' + b"x" * 96 + b'"]'


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        signed = self.headers["authorization"].startswith("AWS4-HMAC-SHA256 ")
        valid = signed and self.path == "/2015-03-31/functions/echo/invocations" and body == EVENT
        self.send_response(200 if valid else 400)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def check(command, url, payloads):
    environment = os.environ | {
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED": "true",
    }

    def lines(*arguments, text=""):
        process = [*command, url, payloads, *arguments]
        run = subprocess.run(process, input=text, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        return run.stdout.splitlines()

    versions, *costs = lines(text="100 2\n100 1\n")
    assert len(costs) == 2 and all(float(cost) > 0 for cost in costs), costs
    assert lines("--first") == ["answered"]
    print(versions)


def main(folder):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    with tempfile.TemporaryDirectory() as payloads:
        (Path(payloads) / "100.json").write_bytes(EVENT)
        for command in ([f"{folder}/venv/bin/python", f"{folder}/peer.py"], ["node", f"{folder}/js/peer.js"]):
            check(command, url, payloads)


if __name__ == "__main__":
    main(*sys.argv[1:])
