"""How far a shard is, read by the heartbeat beside the thread that predicts."""
from __future__ import annotations

import threading
import time
from typing import TypedDict


class HeartbeatDetails(TypedDict):
    unit: str
    done: int
    total: int
    perSecond: float


class Progress:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._done = self._total = self._predicted = 0
        self._predicting = 0.0
        self._moved_at = time.monotonic()

    def start(self, total: int) -> None:
        with self._lock:
            self._total = total
            self._moved_at = time.monotonic()

    def found(self, rows: int) -> None:
        """Rows of an earlier attempt's part."""
        with self._lock:
            self._done += rows
            self._moved_at = time.monotonic()

    def predicted(self, rows: int, seconds: float) -> None:
        with self._lock:
            self._done += rows
            self._predicted += rows
            self._predicting += seconds
            self._moved_at = time.monotonic()

    def seconds_without_progress(self) -> float:
        with self._lock:
            return time.monotonic() - self._moved_at

    @property
    def predicting_seconds(self) -> float:
        return self._predicting

    def details(self) -> HeartbeatDetails:
        with self._lock:
            rate = self._predicted / self._predicting if self._predicting > 0 else 0.0
            return {
                "unit": "rows",
                "done": self._done,
                "total": self._total,
                "perSecond": round(rate, 2),
            }
