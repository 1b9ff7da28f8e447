"""Temporal's development server, and worker processes."""
from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
# Ends a hang, and nothing else.
LONGEST_WAIT_SECONDS = 300


def until(what: str, holds: Callable[[], bool]) -> None:
    """Waits for something that happens in another process."""
    end = time.monotonic() + LONGEST_WAIT_SECONDS
    while not holds():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a Temporal server of the tests' own."""
    program = os.environ.get("CED_TEMPORAL_CLI") or shutil.which("temporal")
    assert program, "no Temporal CLI: put `temporal` on the PATH, or start `npm run python`"
    port = free_port()
    command = [program, "server", "start-dev", "--headless", "--log-level", "error"]
    command += ["--port", str(port), "--http-port", str(free_port())]
    process = subprocess.Popen(command, preexec_fn=_die_with_parent)
    try:
        until("the server", lambda: _listens(port))
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _die_with_parent() -> None:
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


class TinyWorker:
    """tests/tiny_worker.py, with a folder of its own."""

    def __init__(self, folder: Path, address: str, *options: str, **environment: str) -> None:
        self.folder = folder
        folder.mkdir()
        self.errors, self.output = folder / "stderr", folder / "stdout"
        self.options = ["--address", address, *options]
        self.environment = environment
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, hold: int | None = None) -> TinyWorker:
        if hold is not None:
            (self.folder / "hold").write_text(str(hold))
        path = os.pathsep.join([str(TESTS.parent / "src"), str(TESTS), *sys.path])
        with self.errors.open("ab") as errors, self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(TESTS / "tiny_worker.py"), str(self.folder), *self.options],
                env={**os.environ, "PYTHONPATH": path, **self.environment},
                stdout=output,
                stderr=errors,
                preexec_fn=_die_with_parent,
            )
        return self

    def until_held(self) -> None:
        until("the held batch", (self.folder / "held").exists)

    def until_logged(self, text: str) -> None:
        until(f"{text!r} in the log", lambda: text in self.errors.read_text())

    def release(self) -> None:
        (self.folder / "release").touch()

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def interrupt_until_ended(self) -> None:
        """One Ctrl-C may arrive twice, so the very next one does not count."""

        def ended() -> bool:
            assert self.process is not None
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGINT)
            return self.process.poll() is not None

        until("the end of the worker", ended)

    def exit_code(self) -> int:
        assert self.process is not None
        return self.process.wait(LONGEST_WAIT_SECONDS)

    def rows(self) -> int:
        """Rows that it predicted."""
        log = self.folder / "batches"
        return sum(map(int, log.read_text().split())) if log.exists() else 0


@pytest.fixture
def worker(tmp_path: Path, server: str) -> Iterator[Callable[..., TinyWorker]]:
    """Makes workers of the store in `tmp_path`, which are not started yet."""
    made: list[TinyWorker] = []
    store = str(tmp_path / "store")

    def make(*options: str, **environment: str) -> TinyWorker:
        folder = tmp_path / f"worker-{len(made)}"
        made.append(TinyWorker(folder, server, "--store", store, *options, **environment))
        return made[-1]

    yield make
    for each in made:
        if each.process is not None:
            each.process.kill()
            each.process.wait()
