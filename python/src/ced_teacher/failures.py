"""Failures that a retry cannot cure. Everything else that goes wrong is retried."""
from __future__ import annotations

import sys
from types import TracebackType


class PermanentFailure(Exception):
    """Reaches the workflow as a non-retryable failure whose type is the class's name."""

    details: tuple[object, ...] = ()


class ContractUnknown(PermanentFailure):
    """The request is of another version of the contract, or misses a field."""


class TeacherChanged(PermanentFailure):
    """The request asks for another version or other weights than this worker serves."""


class TeacherInvalid(PermanentFailure):
    """The description or the outputs of the teacher cannot be used as they are.

    :param row: of the shard, that it is about
    """

    def __init__(self, what: str, row: int | None = None) -> None:
        super().__init__(what)
        self.row = row
        # Names the clips, once they are known.
        self.place = ""

    def __str__(self) -> str:
        return f"{self.args[0]}{self.place}"


def print_in_one_line() -> None:
    """A TeacherInvalid that a program does not catch is a mistake in it: its text says all."""
    otherwise = sys.excepthook

    def print_exception(
        kind: type[BaseException], error: BaseException, frames: TracebackType | None
    ) -> None:
        if isinstance(error, TeacherInvalid):
            print(f"error: {error}", file=sys.stderr)
        else:
            otherwise(kind, error, frames)

    sys.excepthook = print_exception


class StoreDamaged(PermanentFailure):
    """A stored file is not the one that its SHA-256 promises."""

    def __init__(self, kind: str, key: str, fault: str) -> None:
        super().__init__(f"{key}: {fault}")
        # The first detail is a list: one failure may name several files.
        self.details = ([{"kind": kind, "key": key}],)
