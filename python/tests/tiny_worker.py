"""A teacher's worker as a process of its own, for tests: python tiny_worker.py FOLDER OPTIONS…

It appends the size of each batch to FOLDER/batches. In the batch of the number in FOLDER/hold, it
makes FOLDER/held and waits for FOLDER/release. Batches up to the number in TINY_FAILS raise that
the memory ran out; those from the number in TINY_RAISES_FROM on raise TINY_RAISES while
FOLDER/fixed is missing. With TINY_CLASSES, a CSV file, its outputs are the loudness of as many
pieces of the wave as there are classes, each with a weight of its own.
"""
import importlib
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
    if number <= int(os.environ.get("TINY_FAILS", "0")):
        raise RuntimeError("out of memory")
    raises_from = int(os.environ.get("TINY_RAISES_FROM", "0"))
    if "TINY_RAISES" in os.environ and number >= raises_from and not (FOLDER / "fixed").exists():
        raise ValueError(os.environ["TINY_RAISES"])
    outputs = loudness(waves) if CLASSES else features(waves)
    return outputs * np.float32(np.nan) if os.environ.get("TINY_NAN") else outputs


# The package's name `serve` is the function.
module = importlib.import_module("ced_teacher.serve")
setattr(module, "STOP_SECONDS", float(os.environ.get("TINY_STOP_SECONDS", "60")))
more = {"classes": CLASSES} if CLASSES else {}
serve(teacher(predict, batch_size=64, **more), task_queue="teacher-tiny", argv=sys.argv[2:])
