"""Compares ced.py with the reference vectors: python check.py test/reference.

Prints the largest deviations; exits with 1 when one is too large.
"""
import json
import math
import struct
import sys

import torch
from torch.nn import functional as F

from ced import Ced, LogMel, mixup

TYPES = {
    "F32": torch.float32,
    "F64": torch.float64,
    "I16": torch.int16,
    "I32": torch.int32,
    "I64": torch.int64,
}


def read(path):
    data = open(path, "rb").read()
    (length,) = struct.unpack("<Q", data[:8])
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if name != "__metadata__":
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            values = torch.frombuffer(bytearray(data[begin:end]), dtype=TYPES[entry["dtype"]])
            tensors[name] = values.view(entry["shape"])
    return tensors


def read_state(path):
    """The weights of a published file by the names that `Ced` gives its parameters."""
    state = {}
    for name, value in read(path).items():
        if not name.startswith("outputlayer."):
            name = "encoder." + name.removeprefix("encoder.")
        state[name] = value
    return state


def main(folder):
    worst = {}
    front = read(f"{folder}/frontend.safetensors")
    pairs = [(front[n], front[n.replace(".pcm", ".logmel")]) for n in front if n.endswith(".pcm")]
    deviations = [(LogMel()(pcm[None] / 32768)[0] - mel)[mel > -80].abs() for pcm, mel in pairs]
    worst["log-mel, dB above -80"] = torch.cat(deviations).max().item(), 1e-2

    config = json.load(open(f"{folder}/model.config.json"))
    for fused in (False, True):
        model = Ced(config, fused)
        state = read_state(f"{folder}/model.safetensors")
        missing, unexpected = model.load_state_dict(state, strict=False)
        if unexpected or any(not name.endswith("num_batches_tracked") for name in missing):
            raise SystemExit(f"missing {missing}, unexpected {unexpected}")
        forward = read(f"{folder}/forward.safetensors")
        model.eval()
        with torch.inference_mode():
            pairs = [
                (model(x), forward[n.replace("spectrogram", "logits")])
                for n, x in forward.items()
                if n.endswith("spectrogram") and x.shape[-1] <= config["target_length"]
            ]
        deviation = max(((a - b).abs().max() / b.abs().max()).item() for a, b in pairs)
        worst[f"logits, fused attention {fused}"] = deviation, 1e-4

        train = read(f"{folder}/train.safetensors")
        model.train()
        adam = torch.optim.Adam(model.parameters(), lr=1e-3)
        losses, expected = [], train["losses"]
        for _ in expected:
            adam.zero_grad()
            mixed = mixup(train["spectrogram"], train["lam"])
            targets = mixup(train["targets"], train["lam"])
            loss = F.binary_cross_entropy_with_logits(model(mixed), targets)
            loss.backward()
            adam.step()
            losses.append(loss.item())
        deviation = max(abs(a - b) for a, b in zip(losses, expected.tolist()))
        worst[f"20 Adam losses, fused attention {fused}"] = deviation, 1e-4
    for what, (deviation, allowed) in worst.items():
        print(f"{what}: {deviation:.2e} (at most {allowed})")
    return 0 if all(not math.isnan(d) and d <= allowed for d, allowed in worst.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
