"""Views a second of a Python teacher beside the same network's bare loop: npm run python -- speed

The network is CED tiny in PyTorch with random weights. The bare loop predicts batches that lie in
memory, in `inference_mode`; the teacher reads, verifies, cuts, shifts, predicts, checks and stores
a shard in a folder, inside its activity with heartbeats. Both run in one process and take turns.
Where other work disturbs the machine, the ratio of processor seconds says more.
"""
import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

for folder in ("src", "tests", "../bench/torch"):
    sys.path.append(str(Path(__file__).parent / folder))
from ced import Ced, LogMel
from shards import Shard, served
from temporalio.testing import ActivityEnvironment

from ced_teacher.activities import TeacherActivities
from ced_teacher.augment import mask

TINY = {"embed_dim": 192, "depth": 12, "num_heads": 3, "outputdim": 527, "n_mels": 64,
        "mlp_ratio": 4, "target_length": 1012}  # fmt: skip
SAMPLES = 160_000


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=32, help="of 10 s (default 32)")
    parser.add_argument("--views", type=int, default=2, help="of each clip (default 2)")
    parser.add_argument("--batch-size", type=int, default=16, help="(default 16)")
    parser.add_argument("--rounds", type=int, default=5, help="of each side (default 5)")
    options = parser.parse_args(argv)
    views = options.clips * options.views
    device = "cuda" if torch.cuda.is_available() else "cpu"
    front, model = LogMel().to(device), Ced(TINY).to(device).eval()

    def predict(waves, masks):
        return model(mask(front(torch.from_numpy(waves).to(device)), masks))

    classes = [f"class {index}" for index in range(TINY["outputdim"])]
    more = {"classes": classes, "output": "logits", "masks": True}
    teacher = served(predict, batch_size=options.batch_size, **more)
    with tempfile.TemporaryDirectory() as folder:
        shard = Shard(Path(folder), [SAMPLES] * options.clips, options.views)
        waves = np.random.default_rng(1).uniform(-0.3, 0.3, (options.batch_size, SAMPLES))
        batch, masks = waves.astype(np.float32), np.tile(np.int32([3, 9, 5, 8]), (len(waves), 1))
        activities = TeacherActivities(teacher, folder, 600)

        def bare():
            with torch.inference_mode():
                for at in range(0, views, len(batch)):
                    count = min(len(batch), views - at)
                    predict(batch[:count], masks[:count]).cpu()

        def as_teacher(number):
            key = f"outputs/{number}"
            output = {"data": f"{key}.npy", "manifest": f"{key}.json"}
            request = {**shard.raw, "output": output}
            asyncio.run(ActivityEnvironment().run(activities.predict_shard, request))

        bare(), as_teacher("warm-up")
        ratios = []
        for number in range(options.rounds):
            before = now()
            bare()
            between = now()
            as_teacher(number)
            loop, own = between - before, now() - between
            ratios.append(loop / own)
            print(f"bare {views / loop[0]:.2f} views/s, teacher {views / own[0]:.2f} views/s")
    wall, processor = np.median(ratios, axis=0)
    print(
        f"{device}: the teacher reaches {wall:.3f} of the bare loop in views/s, and "
        f"{processor:.3f} in views a processor second (medians)"
    )


def now():
    """Seconds of the clock and of this process's processors."""
    return np.array([time.perf_counter(), time.process_time()])


if __name__ == "__main__":
    main(sys.argv[1:])
