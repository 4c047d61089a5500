"""A model's chat endpoint on loopback, so that prompt flow's own chat flow can run without one."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

REPLY = "I am only a test."


class ChatModel:
    """Where the endpoint is, and what it was asked."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.asked: list[dict[str, Any]] = []


@contextmanager
def chat_model() -> Iterator[ChatModel]:
    """Serves one chat endpoint that always says the same, and remembers the requests."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    model = ChatModel(f"http://127.0.0.1:{server.server_port}/v1")
    server.model = model  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield model
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.model.asked.append(request)  # type: ignore[attr-defined]
        message = {"role": "assistant", "content": REPLY}
        answer = json.dumps(
            {
                "id": "loopback",
                "object": "chat.completion",
                "created": 0,
                "model": request["model"],
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
            }
        ).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Keeps test output quiet."""
