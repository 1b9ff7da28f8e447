"""Outputs as .npy bytes: float32 [rows, classes] in C order."""
from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ced_teacher.contract import Dtype

DTYPES: dict[str, Dtype] = {"<f4": "float32", "<f2": "float16"}


def encode_outputs(outputs: NDArray[np.float32]) -> bytes:
    file = io.BytesIO()
    np.save(file, np.ascontiguousarray(outputs, dtype="<f4"), allow_pickle=False)
    return file.getvalue()


def decode_outputs(data: bytes, shape: tuple[int, int]) -> NDArray[Any] | None:
    """None where the bytes are no complete file of this shape."""
    file = io.BytesIO(data)
    try:
        outputs: NDArray[Any] = np.load(file, allow_pickle=False)
    except (ValueError, EOFError, OSError):
        return None
    complete = file.read(1) == b"" and outputs.shape == shape and outputs.dtype.str in DTYPES
    return outputs if complete else None
