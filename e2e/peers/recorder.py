"""A loopback server that records every request unchanged: not decoded, joined or trimmed."""

import contextlib
import socketserver
import threading
from dataclasses import dataclass

# Valid for all operations. Listings continue to a second page.
LAST_PAGE = b'{"Functions": [], "Versions": [], "Aliases": []}'
FIRST_PAGE = b'{"Functions": [], "Versions": [], "Aliases": [], "NextMarker": "abc+/=="}'


@dataclass(frozen=True)
class Recorded:
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name):
        """The value of a header, which must be present exactly once."""
        [value] = [value for key, value in self.headers if key.lower() == name]
        return value


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while request_line := self.rfile.readline():
            method, target, _ = request_line.decode("latin-1").split(" ")
            headers = []
            while (line := self.rfile.readline().decode("latin-1").rstrip("\r\n")) != "":
                name, _, value = line.partition(":")
                headers.append((name, value.removeprefix(" ")))
            length = sum(int(value) for name, value in headers if name.lower() == "content-length")
            self.server.recorded.append(Recorded(method, target, headers, self.rfile.read(length)))
            request_id = b"x-amzn-RequestId: 3a53bd2c-0b5c-4b3e-9a2c-2f2f0b3d6a11\r\n"
            # Lambda answers a dry run with 204. The connector would retry any other response.
            if ("x-amz-invocation-type", "dryrun") in {(name.lower(), value.lower()) for name, value in headers}:
                self.wfile.write(b"HTTP/1.1 204 No Content\r\n%b\r\n" % request_id)
                continue
            body = LAST_PAGE if "Marker=" in target else FIRST_PAGE
            self.wfile.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n%b"
                b"content-length: %d\r\n\r\n%b" % (request_id, len(body), body)
            )


class Recorder(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.recorded = []
        self.authority = f"127.0.0.1:{self.server_address[1]}"

    def take(self):
        """Returns the requests since the last call."""
        taken, self.recorded = self.recorded, []
        return taken


@contextlib.contextmanager
def running():
    with Recorder() as recorder:
        thread = threading.Thread(target=recorder.serve_forever)
        thread.start()
        try:
            yield recorder
        finally:
            recorder.shutdown()
            thread.join()
