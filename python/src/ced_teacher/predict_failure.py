"""What follows from an exception of `predict`: another attempt, or the end of the run.

Most are of the code, and another attempt meets them again. After SAME_FAILURES of one class at the
same rows the shard fails for good. What may pass by itself is retried without end: memory that ran
out, a device or a connection that failed.
"""
from __future__ import annotations

import re
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypedDict

SAME_FAILURES = 5
# Of one failure, as people read it.
LONGEST_TEXT = 300

PACKAGE = Path(__file__).parent
# An assertion in a kernel is about the input: a class index that is too large, for example.
PASSING_TEXT = re.compile(
    "out of memory|CUDA error(?!.*device-side assert)|CUBLAS_STATUS|CUDNN_STATUS|HIP error|NCCL",
    re.IGNORECASE | re.DOTALL,
)
PASSING_CLASS = re.compile("OutOfMemory|ResourceExhausted|Timeout|Connect|Unavailable")
# Of a path that is wrong; other errors of the system are of disks and networks.
WRONG_PATH = (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError)


class PredictRaised(Exception):
    """`predict` raised; `__cause__` is what it raised."""

    def __init__(self, error: Exception) -> None:
        super().__init__(_described(error))
        self.error = error
        # Names the rows of the batch, once they are known.
        self.place = ""

    def __str__(self) -> str:
        return f"{self.args[0]}{self.place}"

    @property
    def may_pass(self) -> bool:
        """Whether the same call may succeed later, or on another machine."""
        error: BaseException | None = self.error
        while error is not None:
            if _may_pass(error):
                return True
            error = error.__cause__
        return False

    def log_text(self) -> str:
        """The traceback from `predict` on."""
        frames = _own_frames(self.error.__traceback__)
        return "".join(traceback.format_exception(type(self.error), self.error, frames)).rstrip()


class FailuresSoFar(TypedDict):
    """Second detail of heartbeats: the next attempt gets it, on whatever machine."""

    kind: str
    times: int


def failures_so_far(details: Sequence[Any]) -> FailuresSoFar | None:
    """:param details: of the last heartbeat of the attempt before"""
    found = details[1] if len(details) > 1 else None
    if not isinstance(found, dict) or not isinstance(found.get("times"), int):
        return None
    return {"kind": str(found.get("kind")), "times": found["times"]}


def one_more(failure: PredictRaised, before: FailuresSoFar | None) -> FailuresSoFar:
    """Counts it with those before if it is of the same class at the same rows."""
    kind = f"{type(failure.error).__name__}{failure.place}"
    same = before is not None and before["kind"] == kind
    return {"kind": kind, "times": before["times"] + 1 if before is not None and same else 1}


def _described(error: Exception) -> str:
    """One line: class, message, and the innermost line outside of installed packages."""
    text = " ".join(str(error).split())
    if len(text) > LONGEST_TEXT:
        text = f"{text[:LONGEST_TEXT]}…"
    frames = traceback.extract_tb(_own_frames(error.__traceback__))
    own = [frame for frame in frames if "site-packages" not in frame.filename] or list(frames)
    where = f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
    return f"{type(error).__name__}{': ' if text else ''}{text}{where}"


def _own_frames(frames: TracebackType | None) -> TracebackType | None:
    """Without those of this package, which come first."""
    while frames is not None and Path(frames.tb_frame.f_code.co_filename).parent == PACKAGE:
        frames = frames.tb_next
    return frames


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return not isinstance(error, WRONG_PATH)
    if isinstance(error, MemoryError) or PASSING_CLASS.search(type(error).__name__):
        return True
    return PASSING_TEXT.search(str(error)) is not None
