"""Audio shards in, logit shards out, in PyTorch: the other side of `npm run bench -- logits`.

Prepares the job in argv[1] (JSON), prints `ready`, then predicts every shard once for every line on
standard input and prints its times.
"""
import json
import resource
import sys
import time

import numpy as np
import torch

from ced import Ced, LogMel
from check import read_state


def load(job):
    model = Ced(job["config"], fused_attention=True).eval()
    missing, unexpected = model.load_state_dict(read_state(job["weights"]), strict=False)
    if unexpected or any(not name.endswith("num_batches_tracked") for name in missing):
        raise SystemExit(f"missing {missing}, unexpected {unexpected}")
    return model


def predict(job, audio_path, model, front, draw):
    """Every view of every clip, in batches; the clip is read once for all its views."""
    audio, samples, views = np.load(audio_path, mmap_mode="r"), job["samples"], job["views"]
    frames = 1 + samples // 160
    waves, masks, columns = [], [], {"shift": [], "masks": [], "indexes": [], "values": []}

    def flush():
        spectrogram = front(torch.from_numpy(np.stack(waves)).float() / 32768)
        for row, (start, width, low, height) in enumerate(masks):
            spectrogram[row, :, start : start + width] = 0
            spectrogram[row, low : low + height] = 0
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=job["precision"] == "bfloat16"):
            logits = model(spectrogram)
        values, indexes = logits.float().sigmoid().half().topk(job["topK"])
        columns["values"].append(values.numpy())
        columns["indexes"].append(indexes.short().numpy())
        columns["masks"].append(np.array(masks, np.int16))
        waves.clear()
        masks.clear()

    for clip in range(len(audio) // samples):
        pcm = np.asarray(audio[clip * samples : (clip + 1) * samples])
        for _ in range(views):
            shifted = draw.random() < 0.5
            shift = int(draw.integers(-samples // 2, samples // 2 + 1)) if shifted else 0
            width, height = int(draw.integers(193)), int(draw.integers(25))
            waves.append(np.roll(pcm, shift))
            start, low = draw.integers(frames - width + 1), draw.integers(64 - height + 1)
            masks.append((int(start), width, int(low), height))
            columns["shift"].append(shift)
            if len(waves) == job["batch"]:
                flush()
    if waves:
        flush()
    out = {
        name: np.array(parts) if name == "shift" else np.concatenate(parts)
        for name, parts in columns.items()
    }
    np.savez_compressed(job["out"], **out)


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    model, front, draw = load(job), LogMel(), np.random.default_rng(1)
    with torch.inference_mode():
        predict_all = lambda: [predict(job, path, model, front, draw) for path in job["audio"]]
        predict_all()
        print("ready", flush=True)
        for _ in sys.stdin:
            before, cpu_before = time.perf_counter(), cpu_seconds()
            predict_all()
            seconds, cpu = time.perf_counter() - before, cpu_seconds() - cpu_before
            print(json.dumps({"ms": 1000 * seconds, "cpuMs": 1000 * cpu}), flush=True)
