"""A proxy that signs requests with botocore, as signing proxies do in production."""

import contextlib
import http.client
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

HOP_BY_HOP = {"connection", "host", "transfer-encoding"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        server = self.server
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        came_signed = [name for name in ("authorization", "x-amz-date") if name in self.headers]
        server.seen.append((self.path, came_signed))
        kept = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        request = AWSRequest("POST", f"http://{server.upstream}{self.path}", headers=kept, data=body)
        SigV4Auth(server.credentials, "lambda", "us-east-1").add_auth(request)
        connection = http.client.HTTPConnection(server.upstream)
        connection.request("POST", self.path, body, dict(request.headers.items()))
        answer = connection.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP | {"content-length", "date", "server"}:
                self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        connection.close()

    def log_message(self, *_):
        pass


class SigningProxy(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, endpoint, keys):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = urllib.parse.urlsplit(endpoint).netloc
        self.credentials = Credentials(keys.access_key_id, keys.secret_access_key, keys.session_token)
        self.endpoint = f"http://127.0.0.1:{self.server_address[1]}"
        # The path of each request, and the signature headers that it arrived with.
        self.seen = []


@contextlib.contextmanager
def running(endpoint, keys):
    with SigningProxy(endpoint, keys) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
