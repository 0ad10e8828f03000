"""A loopback server that sends the head of its response first, and the body only if the client stays
connected."""

import contextlib
import socketserver
import threading

HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n"
    b"x-amzn-RequestId: 3a53bd2c-0b5c-4b3e-9a2c-2f2f0b3d6a11\r\nx-amz-executed-version: $LATEST\r\n\r\n"
)
BODY = '"all of it"'
# A client that gives up disconnects immediately. A client that waits is delayed by this much.
STILL_CONNECTED_SECONDS = 0.3


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        length = 0
        while (line := self.rfile.readline().decode("latin-1").rstrip("\r\n")) != "":
            name, _, value = line.partition(":")
            if name.lower() == "content-length":
                length = int(value)
        self.rfile.read(length)
        self.wfile.write(HEAD)
        self.connection.settimeout(STILL_CONNECTED_SECONDS)
        try:
            self.connection.recv(1)
        except TimeoutError:
            self.wfile.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY.encode()))


@contextlib.contextmanager
def running():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
