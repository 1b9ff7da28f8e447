"""The pipeline's random generator and its augmentation of views, and how they are applied.

A worker needs `shifted` and `mask` alone: what is drawn for each view comes with the request. The
rest draws the same numbers as the pipeline does (`docs/formats.md`, "Randomness"), for tests and
for trainers that replay a shard.
"""
from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

MEL_BINS = 64

Words = tuple[int, int, int, int]


def philox(key: tuple[int, int], counter: Words) -> Words:
    """Philox4x32-10: four uint32 of a key and a counter. Salmon et al., SC 2011."""
    (k0, k1), (c0, c1, c2, c3) = key, counter
    for _ in range(10):
        p, q = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = q >> 32 ^ c1 ^ k0, q & 0xFFFFFFFF, p >> 32 ^ c3 ^ k1, p & 0xFFFFFFFF
        k0, k1 = k0 + 0x9E3779B9 & 0xFFFFFFFF, k1 + 0xBB67AE85 & 0xFFFFFFFF
    return c0, c1, c2, c3


def stream_key(*parts: str | int) -> tuple[int, int]:
    """The key of an independent stream, such as `("permutation", seed)`."""
    digest = hashlib.sha256("/".join(["ced", *map(str, parts)]).encode()).digest()
    return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:8], "little")


def below(word: int, count: int) -> int:
    """An integer in [0, count) of one uint32."""
    return word * count >> 32


def permutation(seed: int, epoch: int, count: int) -> list[int]:
    """The order in which an epoch visits `count` items."""
    key, order = stream_key("permutation", seed), list(range(count))
    for drawn, i in enumerate(range(count - 1, 0, -1)):
        j = below(philox(key, (drawn // 4, epoch, 0, 0))[drawn % 4], i + 1)
        order[i], order[j] = order[j], order[i]
    return order


class Augmentation(NamedTuple):
    """Shift in samples, circular to the right; masks in frames of 10 ms and mel bins."""

    shift: int
    time_start: int
    time_width: int
    freq_start: int
    freq_width: int


def draw(
    seed: int,
    clip_sha256: str,
    chunk: int,
    view: int,
    samples: int,
    *,
    max_fraction: float = 0.5,
    probability: float = 0.5,
    max_frames: int = 192,
    max_bins: int = 24,
) -> Augmentation:
    """The augmentation of one view of a chunk of `samples` samples at 16 kHz."""
    key = stream_key("augment", seed, clip_sha256)
    frames, reach = 1 + samples // 160, int(max_fraction * samples)
    applied, offset, _, _ = philox(key, (0, view, chunk, 0))
    time_word, time_at, freq_word, freq_at = philox(key, (1, view, chunk, 0))
    shift = (below(offset, 2 * reach + 1) - reach) % samples
    time_width = below(time_word, min(max_frames, frames) + 1)
    freq_width = below(freq_word, min(max_bins, MEL_BINS) + 1)
    return Augmentation(
        shift if applied / 2**32 < probability else 0,
        below(time_at, frames - time_width + 1) if time_width else 0,
        time_width,
        below(freq_at, MEL_BINS - freq_width + 1) if freq_width else 0,
        freq_width,
    )


def shifted(
    pcm: NDArray[np.int16], shift: int, out: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Writes int16 samples as float32 in [-1, 1) to `out`: out[(i + shift) mod n] = pcm[i]."""
    split = len(pcm) - shift
    np.multiply(pcm[:split], np.float32(1 / 32768), out=out[shift:], casting="unsafe")
    np.multiply(pcm[split:], np.float32(1 / 32768), out=out[:shift], casting="unsafe")
    return out


def mask(spectrogram: Any, masks: NDArray[np.int32], value: float = 0.0) -> Any:
    """Sets the masked frames and mel bins in place, as the pipeline does on its log-mel in dB.

    :param spectrogram: [batch, 64 mel bins, frames of 10 ms], of NumPy or PyTorch
    :param masks: [batch, 4]: time start, time width, frequency start, frequency width
    """
    for row, (start, width, low, height) in enumerate(masks.tolist()):
        spectrogram[row, :, start : start + width] = value
        spectrogram[row, low : low + height] = value
    return spectrogram
