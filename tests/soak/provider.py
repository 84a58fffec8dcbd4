"""A provider of text messages in a process of its own: it fails, it hangs, and it writes down what it has taken.

It does not look whether it had a message before, so that whatever is handed over twice arrives twice.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.soak.crew import FORK

FAILS, HANGS = 0.10, 0.02  # of a hanging one, every other message was taken before it hung
TIMEOUT = 0.4  # seconds that the clinic waits


class _Desk(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        chance = random.random()
        if chance < FAILS:
            self._say(500)
        elif chance < FAILS + HANGS:
            if random.random() < 0.5:
                self.server.took(asked)
            time.sleep(3 * TIMEOUT)
        else:
            self.server.took(asked)
            self._say(202)

    def _say(self, status: int) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()
        except OSError:
            pass  # whoever asked was killed

    def log_message(self, *_args: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 128

    def __init__(self, list_: int) -> None:
        super().__init__(("127.0.0.1", 0), _Desk)
        self._list = list_

    def took(self, asked: dict[str, str]) -> None:
        os.write(self._list, f"{asked['reference']} {asked['to']}\n".encode())  # one write, appended whole

    def handle_error(self, *_args: Any) -> None:
        pass


class Provider:
    """`ids` and `numbers`: how often each message, and each telephone number, was served."""

    def __init__(self, url: str, list_: Path) -> None:
        self.url, self._list = url, list_

    def forget(self) -> None:
        self._list.write_text("")

    @property
    def ids(self) -> Counter[str]:
        return Counter(line.split()[0] for line in self._list.read_text().splitlines())

    @property
    def numbers(self) -> Counter[str]:
        return Counter(line.split()[1] for line in self._list.read_text().splitlines())


@contextmanager
def open_for_business(folder: Path) -> Iterator[Provider]:
    """Runs until the block ends."""
    path = folder / "taken"
    list_ = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    server = _Server(list_)
    process = FORK.Process(target=server.serve_forever, daemon=True)
    process.start()
    port = server.server_port
    server.socket.close()
    os.close(list_)
    try:
        yield Provider(f"http://127.0.0.1:{port}/messages", path)
    finally:
        process.kill()
        process.join()
