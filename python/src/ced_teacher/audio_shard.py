"""The audio of a shard and the rows that are wanted of it, verified."""
from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ced_teacher.augment import shifted
from ced_teacher.contract import COLUMNS, MASKS, OFFSET, SAMPLES, SHIFT, ShardRequest, StoredFile
from ced_teacher.failures import StoreDamaged
from ced_teacher.file_hash import hash_file
from ced_teacher.store import Store


@dataclass(frozen=True)
class AudioShard:
    """`audio`: int16 samples of all clips; `rows`: int64 [rows, 10], columns as in contract.py."""

    audio: NDArray[np.int16]
    rows: NDArray[np.int64]

    def waves(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """float32 [rows, samples] of rows of equal length, shifted as each row says."""
        rows = self.rows[numbers]
        waves = np.empty((len(rows), int(rows[0, SAMPLES])), np.float32)
        for out, row in zip(waves, rows):
            start = int(row[OFFSET])
            shifted(self.audio[start : start + waves.shape[1]], int(row[SHIFT]), out)
        return waves

    def masks(self, numbers: NDArray[np.int64]) -> NDArray[np.int32]:
        """int32 [rows, 4]: time start, time width, frequency start, frequency width."""
        return self.rows[numbers, MASKS].astype(np.int32)


@contextmanager
def open_audio_shard(store: Store, request: ShardRequest) -> Iterator[AudioShard]:
    """:raises StoreDamaged: where audio or rows differ from their SHA-256, or from each other"""
    rows = _read_rows(store, request)
    with ExitStack() as opened:
        try:
            path = opened.enter_context(store.local_file(request.audio.key))
            _verify("audio", request.audio, hash_file(path))
            audio: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        except FileNotFoundError as missing:
            raise StoreDamaged("audio", request.audio.key, "it is missing") from missing
        if audio.dtype != np.dtype("<i2") or audio.ndim != 1:
            raise StoreDamaged("audio", request.audio.key, "expected int16 of one dimension")
        _refuse_rows_outside(rows, len(audio), request.rows.key)
        # Outside of the clause above: a file that the teacher lacks is no damage of the store.
        yield AudioShard(audio, rows)


def _read_rows(store: Store, request: ShardRequest) -> NDArray[np.int64]:
    data = store.read(request.rows.key)
    if data is None:
        if not store.exists(request.audio.key):
            # Retried, as it is no damage of the store: the pipeline has just written both.
            raise FileNotFoundError(
                f"neither {request.rows.key} nor {request.audio.key} is in the store that this "
                "worker sees: check --store and its mounts or credentials"
            )
        raise StoreDamaged("rows", request.rows.key, "it is missing")
    _verify("rows", request.rows, hashlib.sha256(data).hexdigest())
    rows: NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    if rows.dtype != np.dtype("<i8") or rows.shape != (request.count, COLUMNS):
        raise StoreDamaged(
            "rows",
            request.rows.key,
            f"{rows.dtype} {list(rows.shape)}, expected int64 [{request.count}, {COLUMNS}]",
        )
    return rows


def _refuse_rows_outside(rows: NDArray[np.int64], samples: int, key: str) -> None:
    starts, lengths, shifts = rows[:, OFFSET], rows[:, SAMPLES], rows[:, SHIFT]
    outside = (starts < 0) | (lengths < 1) | (starts + lengths > samples)
    outside |= (shifts < 0) | (shifts >= lengths)
    if outside.any():
        raise StoreDamaged("rows", key, f"row {int(np.argmax(outside))} lies outside of its audio")


def _verify(kind: str, expected: StoredFile, found: str) -> None:
    if found != expected.sha256:
        raise StoreDamaged(kind, expected.key, f"SHA-256 {found}, expected {expected.sha256}")

