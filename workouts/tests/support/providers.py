"""An identity provider whose server takes its time."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from workouts.tests.support.tokens import make_jwks

ANSWER_S = 60.0


class SlowProvider:
    """Publishes its keys once it is told to; `asked` is set when somebody waits for them."""

    def __init__(self, *algorithms: str) -> None:
        self.asked, self.may_answer = threading.Event(), threading.Event()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked.set()
                provider.may_answer.wait(ANSWER_S)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(make_jwks(*algorithms)).encode())

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/jwks"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.may_answer.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
