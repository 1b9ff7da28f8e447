"""A teacher's worker as a process of its own, for tests: python tiny_worker.py FOLDER OPTIONS…

It appends the size of each batch to FOLDER/batches. In the batch of the number in FOLDER/hold, it
makes FOLDER/held and waits for FOLDER/release.
"""
import os
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ced_teacher import serve
from shards import features, teacher

FOLDER = Path(sys.argv[1])


def predict(waves: NDArray[np.float32]) -> NDArray[np.float32]:
    with (FOLDER / "batches").open("a") as log:
        log.write(f"{len(waves)}\n")
    hold = FOLDER / "hold"
    if hold.exists() and len((FOLDER / "batches").read_text().split()) == int(hold.read_text()):
        (FOLDER / "held").touch()
        while not (FOLDER / "release").exists():
            time.sleep(0.02)
    outputs = features(waves)
    return outputs * np.float32(np.nan) if os.environ.get("TINY_NAN") else outputs


serve(teacher(predict, batch_size=64), task_queue="teacher-tiny", argv=sys.argv[2:])
