"""The SHA-256 that stands for a teacher's weights."""
from __future__ import annotations

import hashlib
import logging
import re
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ced_teacher.augment import philox, stream_key
from ced_teacher.failures import TeacherInvalid
from ced_teacher.file_hash import hash_file
from ced_teacher.predictor import Predictor
from ced_teacher.teacher import Weights

log = logging.getLogger("ced_teacher")

PROBE_SECONDS = 2.0
PROJECTIONS = 8
# Other processors move a mean probability by far less, and other weights by far more.
STEP = 1e-2
SHA256 = re.compile("[0-9a-fA-F]{64}")


def hash_weights(weights: Weights) -> str:
    """Equal bytes in files of other names and folders have an equal hash; their order counts."""
    if callable(weights):
        found = weights()
        return _as_sha256(found) if isinstance(found, str) else hashlib.sha256(found).hexdigest()
    if isinstance(weights, str) and SHA256.fullmatch(weights):
        return weights.lower()
    named = [weights] if isinstance(weights, (str, PathLike)) else weights
    files = [file for each in named for file in _files_of(Path(each))]
    if len(files) == 1:
        return hash_file(files[0])
    return hashlib.sha256("".join(hash_file(file) for file in files).encode()).hexdigest()


def hash_answers(predictor: Predictor) -> str:
    """A coarse hash of the answers to fixed sounds, for a teacher whose weights are not named.

    Answers are compared by a few mean values, rounded: processors differ in last bits. Weights that
    differ little may therefore have an equal hash.
    """
    name = predictor.teacher.name
    log.warning(
        "%s: no weights are named, so the hash of its answers to fixed sounds stands for them; "
        "weights=\"model.pt\" tells small changes apart",
        name,
    )
    waves = probe_sounds(predictor.teacher.sample_rate)
    masks = np.zeros((len(waves), 4), np.int32) if predictor.teacher.masks else None
    numbers = np.arange(len(waves))
    outputs = predictor.outputs(predictor.prepare(waves), masks, waves.shape[1], numbers)
    values = outputs.astype(np.float64).ravel()
    if predictor.teacher.output == "logits":
        values = 1 / (1 + np.exp(-values))
    signs = np.array([_signs(at, len(values)) for at in range(PROJECTIONS)])
    coarse = np.rint(signs @ values / np.sqrt(len(values)) / STEP).astype(np.int64)
    return hashlib.sha256(coarse.tobytes()).hexdigest()


def probe_sounds(sample_rate: int) -> NDArray[np.float32]:
    """A tone, a sweep, noise and clicks: float32 [4, samples]."""
    count = round(PROBE_SECONDS * sample_rate)
    seconds = np.arange(count) / sample_rate
    sweep = np.sin(2 * np.pi * (100 * seconds + 400 * seconds**2))
    clicks = (np.arange(count) % (sample_rate // 4) < 8).astype(np.float64)
    sounds = [np.sin(2 * np.pi * 440 * seconds), sweep, _noise(count), clicks]
    return np.stack(sounds).astype(np.float32) * np.float32(0.25)


def _words(name: str, count: int) -> list[int]:
    key = stream_key("teacher-probe", name)
    return [word for at in range(-(-count // 4)) for word in philox(key, (at, 0, 0, 0))][:count]


def _noise(count: int) -> NDArray[np.float64]:
    """One second of noise, repeated: the generator is slow in Python."""
    words = np.array(_words("noise", min(count, 16_000)), np.float64)
    noise: NDArray[np.float64] = np.resize(words / 2**31 - 1, count)
    return noise


def _signs(projection: int, count: int) -> NDArray[np.float64]:
    words = np.array(_words(f"signs-{projection}", -(-count // 32)), np.uint32)
    bits = np.unpackbits(words.view(np.uint8), count=count).astype(np.float64)
    return bits * 2 - 1


def _as_sha256(text: str) -> str:
    if not SHA256.fullmatch(text):
        raise TeacherInvalid(f"weights: expected a SHA-256 of 64 hex digits, not {text!r}")
    return text.lower()


def _files_of(path: Path) -> list[Path]:
    """A folder stands for its files, by their relative names."""
    if not path.is_dir():
        return [path]
    files = [each for each in path.rglob("*") if each.is_file()]
    if not files:
        raise FileNotFoundError(f"weights: {path} holds no file")
    return sorted(files, key=lambda each: each.relative_to(path).as_posix())

