"""Any ONNX network as a teacher: python onnx_any.py NETWORK labels.csv RATE OUTPUT …

OUTPUT is probabilities or logits. Takes waves of rank 1 to 3 in float32 or float16, a free or fixed
batch, a free or fixed length (windows of it), and scores of classes or of frames × classes."""
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from ced_teacher import Teacher, serve
from ced_teacher.classes import read_classes


def make(path, labels, rate, output="probabilities"):
    session = onnxruntime.InferenceSession(path, providers=onnxruntime.get_available_providers())
    wave, classes = session.get_inputs()[0], len(read_classes(labels))
    sizes = [size if isinstance(size, int) else None for size in wave.shape]
    batch, axis = (1 if len(sizes) == 1 else sizes[0]), (-2 if sizes[1:] and sizes[-1] == 1 else -1)
    dtype = np.float16 if "float16" in wave.type else np.float32

    def call(waves):
        filled = np.pad(waves, ((0, (batch or len(waves)) - len(waves)), (0, 0))).astype(dtype)
        data = np.expand_dims(filled, 1 if axis == -1 else 2) if len(sizes) == 3 else filled
        outputs = session.run(None, {wave.name: data[0] if len(sizes) == 1 else data})
        scores = next((each for each in outputs if each.shape[-1:] == (classes,)), outputs[-1])
        scores = 1 / (1 + np.exp(-scores)) if output == "logits" else scores
        return scores.reshape(len(filled), -1, scores.shape[-1])[: len(waves)].mean(axis=1)

    def predict(waves):
        step = batch or len(waves)
        return np.concatenate([call(waves[at : at + step]) for at in range(0, len(waves), step)])

    files = sorted(Path(path).parent.glob(f"{Path(path).name}*"))  # and its external data
    windows = {"window_seconds": sizes[axis] / rate} if sizes[axis] else {}
    return Teacher("onnx", labels, rate, predict, weights=files, **windows)


if __name__ == "__main__":
    network, classes, hertz, kind, *options = sys.argv[1:]
    serve(make(network, classes, int(hertz), kind), task_queue="teacher-onnx", argv=options)
