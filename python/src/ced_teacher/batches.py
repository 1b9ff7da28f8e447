"""Which rows are predicted together, a function of the rows alone."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item")
Result = TypeVar("Result")

# Rows of a part, the unit of a checkpoint. A retry cuts the same parts and the same batches.
PART_ROWS = 2048


def parts_of(rows: int) -> list[tuple[int, int]]:
    """First and end row of each part."""
    return [(first, min(first + PART_ROWS, rows)) for first in range(0, rows, PART_ROWS)]


def batches_of(
    lengths: NDArray[np.int64], first: int, end: int, rows_per_batch: Callable[[int], int]
) -> Iterator[NDArray[np.int64]]:
    """Row numbers of one length, the shortest rows first: no row is padded for another's sake."""
    order = first + np.argsort(lengths[first:end], kind="stable")
    for same in np.split(order, np.flatnonzero(np.diff(lengths[order])) + 1):
        size = rows_per_batch(int(lengths[same[0]]))
        for at in range(0, len(same), size):
            yield same[at : at + size]


def read_ahead(
    pool: ThreadPoolExecutor, prepare: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[tuple[Item, Result]]:
    """Prepares the next item in `pool` while the caller works on the current one."""
    waiting: tuple[Item, Future[Result]] | None = None
    for item in items:
        following = (item, pool.submit(prepare, item))
        if waiting is not None:
            yield waiting[0], waiting[1].result()
        waiting = following
    if waiting is not None:
        yield waiting[0], waiting[1].result()
