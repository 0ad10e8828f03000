"""A proxy in front of the local Lambda. It counts the requests that the engine sends."""

import http.client
import http.server
import threading
import urllib.parse


class Recorder:
    """Passes requests and responses unchanged. Their signatures stay valid, because they cover `Host` as sent."""

    def __init__(self, endpoint):
        self.requests = []
        self._lock = threading.Lock()
        self._withhold = False
        self._withheld = threading.Event()
        recorder, upstream = self, urllib.parse.urlsplit(endpoint).netloc

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                # Recorded first, so that an answered request has always been counted.
                starts = recorder._record(self.command, self.path)
                connection = http.client.HTTPConnection(upstream, timeout=60)
                connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    connection.putheader(name, value)
                connection.endheaders(body)
                response = connection.getresponse()
                content = response.read()
                connection.close()
                if starts and recorder._withholds():
                    # Blocks until the client closes the connection, as it does when it dies.
                    self.rfile.read(1)
                    self.close_connection = True
                    return
                self.send_response_only(response.status)
                for name, value in response.getheaders():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def starts(self, function):
        """The number of invocations of a function as the request names it, rejected ones included."""
        return self._count("POST", lambda parts: parts[1:] == ["functions", function, "invocations"])

    def reads(self):
        """The number of times that an execution was read, whether it was found or not."""
        return self._count("GET", lambda parts: parts[1:2] == ["durable-executions"] and len(parts) == 3)

    def withhold_next_start(self):
        """Lambda receives the next invocation, and its response never arrives."""
        self._withhold = True

    def is_withheld(self):
        return self._withheld.is_set()

    def _record(self, method, path):
        parts = urllib.parse.urlsplit(path).path.strip("/").split("/")
        parts = [urllib.parse.unquote(part) for part in parts]
        with self._lock:
            self.requests.append((method, parts))
        return method == "POST" and parts[-1:] == ["invocations"]

    def _withholds(self):
        with self._lock:
            withhold, self._withhold = self._withhold, False
        if withhold:
            self._withheld.set()
        return withhold

    def _count(self, method, matches):
        with self._lock:
            return sum(sent == method and matches(parts) for sent, parts in self.requests)
