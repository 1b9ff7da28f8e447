"""A teacher's worker as a process of its own, for tests: python tiny_worker.py FOLDER OPTIONS…

It appends the size of each batch to FOLDER/batches. In the batch of the number in FOLDER/hold, it
makes FOLDER/held and waits for FOLDER/release. With TINY_CLASSES, a CSV file, its outputs are the
loudness of as many pieces of the wave as there are classes, each with a weight of its own.
"""
import os
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).parents[1] / "src"))
from ced_teacher import serve
from ced_teacher.classes import read_classes
from shards import features, teacher

FOLDER, CLASSES = Path(sys.argv[1]), os.environ.get("TINY_CLASSES")
PIECES = len(read_classes(CLASSES)) if CLASSES else 0


def loudness(waves: NDArray[np.float32]) -> NDArray[np.float32]:
    pieces = np.array_split(np.abs(waves), PIECES, axis=1)
    weighted = [piece.mean(axis=1) * at / len(pieces) for at, piece in enumerate(pieces, 1)]
    outputs: NDArray[np.float32] = np.stack(weighted, axis=1)
    return outputs


def predict(waves: NDArray[np.float32]) -> NDArray[np.float32]:
    with (FOLDER / "batches").open("a") as log:
        log.write(f"{len(waves)}\n")
    number = len((FOLDER / "batches").read_text().split())
    hold = FOLDER / "hold"
    if hold.exists() and number == int(hold.read_text()):
        (FOLDER / "held").touch()
        while not (FOLDER / "release").exists():
            time.sleep(0.02)
    if os.environ.get("TINY_FAILS") and number == 1:
        raise RuntimeError("out of memory")
    outputs = loudness(waves) if CLASSES else features(waves)
    return outputs * np.float32(np.nan) if os.environ.get("TINY_NAN") else outputs


more = {"classes": CLASSES} if CLASSES else {}
serve(teacher(predict, batch_size=64, **more), task_queue="teacher-tiny", argv=sys.argv[2:])
