"""Small shards and teachers for tests."""
from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ced_teacher import Teacher
from ced_teacher.contract import ShardRequest, shard_request
from ced_teacher.progress import Progress
from ced_teacher.served_teacher import ServedTeacher, prepare_teacher
from ced_teacher.shard import ShardJob
from ced_teacher.store import Store, open_store

SHA256 = "ab" * 32
RATE = 16_000

# Addresses of buckets, such as s3://bucket; the pipeline's tests start servers for them.
BUCKETS = os.environ.get("CED_TEST_BUCKETS", "").split()


def npy(values: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def features(waves: NDArray[np.float32]) -> NDArray[np.float32]:
    """A network of three classes that depends on loudness, edges and position."""
    loudness = np.abs(waves).mean(axis=1)
    edges = np.abs(np.diff(waves, axis=1)).mean(axis=1)
    first = np.abs(waves[:, 0])
    return np.stack([loudness, edges, first], axis=1)


def teacher(predict: Callable[..., Any] = features, **more: Any) -> Teacher:
    fields = {"name": "tiny", "classes": ["loud", "bright", "sudden"], "sample_rate": RATE}
    return Teacher(**{**fields, "predict": predict, "weights": SHA256, "batch_size": 8, **more})


def served(predict: Callable[..., Any] = features, **more: Any) -> ServedTeacher:
    return prepare_teacher(teacher(predict, **more))


def write_shard(
    store: Store, lengths: list[int], views: int, rate: int, audio: NDArray[np.int16] | None
) -> dict[str, Any]:
    """Stores audio and rows; returns the request for them. Views are shifted and masked.

    :param audio: of clips of these lengths; None: noise
    """
    rng = np.random.default_rng(len(lengths))
    if audio is None:
        audio = rng.integers(-9000, 9000, sum(lengths)).astype(np.int16)
    rows, offset = [], 0
    for clip, samples in enumerate(lengths):
        for view in range(views):
            shift = int(rng.integers(samples)) if view else 0
            rows.append([clip, 0, view, offset, samples, shift, 3, view, 5, 2 * view])
        offset += samples
    data, table = npy(audio), npy(np.array(rows, np.int64).reshape(-1, 10))
    audio_sha256 = sha256(data)
    place = f"outputs/t/v/{audio_sha256}"
    audio_key, rows_key = f"audio/{audio_sha256}.npy", f"{place}.rows.npy"
    store.create(audio_key, data)
    store.create(rows_key, table)
    return {
        "contract": 1,
        "store": "unused",
        "version": "1",
        "weightsSha256": SHA256,
        "audio": {"key": audio_key, "sha256": audio_sha256, "sampleRate": rate},
        "rows": {"key": rows_key, "sha256": sha256(table), "count": len(rows)},
        "output": {"data": f"{place}.npy", "manifest": f"{place}.json"},
    }


class Shard:
    """A stored shard, and attempts at it."""

    def __init__(
        self,
        address: str | Path,
        lengths: list[int],
        views: int = 2,
        rate: int = RATE,
        audio: NDArray[np.int16] | None = None,
    ) -> None:
        self.store = open_store(str(address))
        self.raw = write_shard(self.store, lengths, views, rate, audio)
        self.request: ShardRequest = shard_request(self.raw)

    def predict(
        self, by: ServedTeacher, pause: Callable[[], None] = lambda: None, **changes: Any
    ) -> dict[str, Any]:
        request = shard_request({**self.raw, **changes})
        self.progress = Progress()
        return dict(ShardJob(by, self.store, request, self.progress, pause).run())

    def audio(self) -> NDArray[np.int16]:
        return self._array(self.request.audio.key)

    def rows(self) -> NDArray[np.int64]:
        return self._array(self.request.rows.key)

    def outputs(self) -> NDArray[np.float32]:
        return self._array(self.request.data_key)

    def manifest(self) -> Any:
        return json.loads(self.store.read(self.request.manifest_key) or b"")

    def _array(self, key: str) -> NDArray[Any]:
        array: NDArray[Any] = np.load(io.BytesIO(self.store.read(key) or b""))
        return array

    def part_keys(self) -> list[str]:
        return self.store.list(f"{self.request.data_key}.part")
