"""A TFLite network as a teacher: python tflite_windows.py NETWORK labels.csv RATE OUTPUT …

OUTPUT is probabilities or logits. LiteRT computes windows of the network's length; probabilities
are averaged over a chunk.
"""
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from ced_teacher import Teacher, serve


def make(path, classes, rate, output="probabilities", name="tflite"):
    interpreter = Interpreter(str(path), num_threads=2)
    wave, scores = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    free = len(wave["shape"]) > 1  # [batch, samples], else [samples]

    def run(waves):
        if tuple(interpreter.get_input_details()[0]["shape"]) != waves.shape:
            interpreter.resize_tensor_input(wave["index"], waves.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(wave["index"], waves)
        interpreter.invoke()
        return interpreter.get_tensor(scores["index"])

    def predict(waves):
        # [frames, classes] of a network without a batch become their mean
        return run(waves) if free else np.stack([np.atleast_2d(run(w)).mean(0) for w in waves])

    seconds = int(wave["shape"][-1]) / rate
    more = {"output": output, "weights": path, "window_seconds": seconds, "batch_size": 16}
    return Teacher(name, classes, rate, predict, **more)


if __name__ == "__main__":
    network, labels, hertz, kind, *options = sys.argv[1:]
    serve(make(network, labels, int(hertz), kind), task_queue="teacher-tflite", argv=options)
