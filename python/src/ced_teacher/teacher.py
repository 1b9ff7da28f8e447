"""What a user says about a teacher."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, Literal, Union

from ced_teacher.classes import Classes
from ced_teacher.failures import TeacherInvalid

Weights = Union[
    str, "PathLike[str]", Sequence[Union[str, "PathLike[str]"]], Callable[[], Union[str, bytes]]
]
Predict = Callable[..., Any]


@dataclass(frozen=True)
class Teacher:
    """One teacher.

    :param name: shown in failures and logs; the run file's `name` is the one that reports show
    :param classes: a CSV file with AudioSet's columns, or a list of names or (mid, name) pairs,
        in the order of the outputs
    :param sample_rate: in Hz, of the waves that `predict` takes
    :param predict: float32 [batch, samples] in [-1, 1) to outputs [batch, classes], as a NumPy
        array, a PyTorch tensor on any device, or nested lists. All waves of a call have one length.
        Every call comes from the same thread, inside `torch.inference_mode()` if torch is imported
    :param version: change it when the teacher answers otherwise with the same weights
    :param weights: a file, a folder or several of them to hash; or a SHA-256 in hex; or a function
        that returns one, or bytes to hash. Without it the answers to fixed sounds are hashed
    :param output: what `predict` returns
    :param masks: True: `predict(waves, masks)` applies the spectrogram masks of each view itself
        (int32 [batch, 4], `ced_teacher.augment.mask`)
    :param batch_size: most waves of a call
    :param longest_seconds: longest chunk that the teacher accepts; None: any
    :param window_seconds: `predict` gets windows of exactly this length, and probabilities are
        averaged over the windows of a chunk. None: it gets whole chunks
    :param hop_seconds: from the start of one window to the next; by default the window's length. A
        last window that ends with the chunk covers what the hops leave over
    :param pad: what fills a chunk up to the window: zeros behind it, or the chunk over and over
    :param parameters: how many the network has, for reports
    """

    name: str
    classes: Classes
    sample_rate: int
    predict: Predict
    version: str = "1"
    weights: Weights | None = None
    output: Literal["probabilities", "logits"] = "probabilities"
    masks: bool = False
    batch_size: int = 32
    longest_seconds: float | None = None
    window_seconds: float | None = None
    hop_seconds: float | None = None
    pad: Literal["zeros", "repeat"] = "zeros"
    parameters: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        window, hop = self.window_seconds, self.hop_seconds
        checks = {
            "name: expected a text": isinstance(self.name, str) and self.name != "",
            "version: expected a text": isinstance(self.version, str) and self.version != "",
            "sample_rate: expected 1,000 to 384,000 Hz, a whole number": _is_count(self.sample_rate)
            and 1000 <= self.sample_rate <= 384_000,
            "predict: expected a function": callable(self.predict),
            "output: expected probabilities or logits": self.output in ("probabilities", "logits"),
            "batch_size: expected at least 1, a whole number": _is_count(self.batch_size)
            and self.batch_size >= 1,
            "longest_seconds: expected more than 0": _is_positive(self.longest_seconds),
            "window_seconds: expected more than 0": _is_positive(window),
            "hop_seconds: expected more than 0": _is_positive(hop),
            "hop_seconds: goes with window_seconds": hop is None or window is not None,
            "hop_seconds: longer than window_seconds, it would pass over audio": hop is None
            or window is None
            or not (_is_positive(hop) and _is_positive(window))
            or hop <= window,
            "pad: expected zeros or repeat": self.pad in ("zeros", "repeat"),
            # The masks of a view are of the whole chunk.
            "masks: cannot go with window_seconds": not self.masks or window is None,
        }
        for fault, holds in checks.items():
            if not holds:
                raise TeacherInvalid(f"Teacher({self.name!r}): {fault}")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_positive(seconds: object) -> bool:
    return seconds is None or (isinstance(seconds, (int, float)) and seconds > 0)
