"""The checkpoints inside a shard: whole parts, and the finished rows of a part that is not.

Beside each lies its SHA-256: of an object that was replaced, the two may be of different attempts.
"""
from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ced_teacher.output_file import decode_outputs, encode_outputs
from ced_teacher.store import Store


class Parts:
    """
    :param data_key: of the outputs of the shard
    """

    def __init__(self, store: Store, data_key: str, classes: int) -> None:
        self.store, self.folder, self.classes = store, f"{data_key}.part", classes

    def read(self, first: int, end: int) -> NDArray[Any] | None:
        """The outputs of the rows from `first` to before `end`, if they are stored."""
        part = self._read(self._key(first, end), end - first)
        return part if part is None or np.isfinite(part).all() else None

    def read_unfinished(self, first: int, end: int) -> NDArray[Any] | None:
        """As `read`, with NaN in the rows that are missing."""
        return self._read(self._unfinished_key(first, end), end - first)

    def write(self, first: int, end: int, outputs: NDArray[np.float32]) -> None:
        self._write(self._key(first, end), outputs)

    def write_unfinished(self, first: int, end: int, outputs: NDArray[np.float32]) -> None:
        """:param outputs: NaN in the rows that are missing"""
        self._write(self._unfinished_key(first, end), outputs)

    def remove(self) -> None:
        for key in self.store.list(self.folder):
            self.store.remove(key)

    def _key(self, first: int, end: int) -> str:
        return f"{self.folder}/{first:09d}-{end:09d}.npy"

    def _unfinished_key(self, first: int, end: int) -> str:
        return f"{self.folder}/{first:09d}-{end:09d}.unfinished.npy"

    def _read(self, key: str, rows: int) -> NDArray[Any] | None:
        data, digest = self.store.read(key), self.store.read(f"{key}.sha256")
        if data is None or digest is None or digest.decode("ascii", "replace") != _sha256(data):
            return None
        return decode_outputs(data, (rows, self.classes))

    def _write(self, key: str, outputs: NDArray[np.float32]) -> None:
        data = encode_outputs(outputs)
        for name, content in ((key, data), (f"{key}.sha256", _sha256(data).encode())):
            if not self.store.create(name, content):
                self.store.replace(name, content)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
