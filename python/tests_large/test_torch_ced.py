"""CED in PyTorch as a teacher: what it stores equals what the engine predicts, within float16.

test/ced/parity/augmented-views.test.ts compares the engine with the same numbers.
"""
import json
from pathlib import Path

import numpy as np
import torch

from shards import Shard, npy, sha256
from torch_ced import make

from ced_teacher.served_teacher import prepare_teacher

REFERENCE = Path(__file__).parents[2] / "test/reference"


def test_what_it_stores_equals_the_engines_probabilities_within_float16(tmp_path):
    known = json.loads((REFERENCE / "torch-ced.json").read_text("utf8"))
    classes = [f"class {index}" for index in range(13)]
    weights = REFERENCE / "model.safetensors"
    served = prepare_teacher(make(REFERENCE / "model.config.json", weights, classes, "cpu"))
    assert served.weights_sha256 == sha256(weights.read_bytes())

    shard = Shard(tmp_path, [400])
    files = {
        "audio": (REFERENCE / "teacher-worker/audio.npy").read_bytes(),
        "rows": npy(np.array(known["rows"], np.int64)),
    }
    request = {"weightsSha256": served.weights_sha256}
    for name, data in files.items():
        shard.store.create(f"{name}.npy", data)
        request[name] = {**shard.raw[name], "key": f"{name}.npy", "sha256": sha256(data)}
    request["rows"]["count"] = len(known["rows"])
    assert not shard.predict(served, **request)["reused"]

    probabilities = 1 / (1 + np.exp(-shard.outputs().astype(np.float64)))
    np.testing.assert_allclose(probabilities, known["probabilities"], rtol=2**-11, atol=0)


def test_predict_keeps_no_graph(tmp_path):
    modes = []

    def predict(waves):
        modes.append(torch.is_inference_mode_enabled())
        return torch.zeros(len(waves), 3, requires_grad=True).bfloat16() + 0.5

    from shards import served

    shard = Shard(tmp_path, [400] * 3)
    shard.predict(served(predict))
    assert modes == [True]
    assert shard.outputs().tolist() == [[0.5] * 3] * 6
