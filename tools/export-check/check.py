"""Exported folders in Python's transformers and in sherpa-onnx. usage: check.py FOLDER"""

import json
import sys
from pathlib import Path

import numpy as np
import sherpa_onnx
from transformers import AutoConfig, AutoModelForAudioClassification, pipeline

folder = Path(sys.argv[1])
expected = json.loads((folder / "expected.json").read_text())
failed = False


def report(what, differences, most):
    global failed
    failed |= not max(differences) <= most
    print(f"{what}: {max(differences):.1e}, expected at most {most}")


def difference(tags, wanted, probability):
    name = lambda tag: tag["label"] if isinstance(tag, dict) else tag.name
    by_name = {name(tag): probability(tag) for tag in tags}
    return max(abs(by_name[f'sound "{at}"'] - value) for at, value in enumerate(wanted))


for pooling, wanted in expected.items():
    clips = [np.fromfile(folder / f"clip-{at}.f32", np.float32) for at in range(len(wanted))]
    here = str(folder / pooling / "transformers")
    tagger = pipeline("audio-classification", here, trust_remote_code=True, top_k=None)
    report(
        f"transformers, {pooling}",
        [difference(tagger(c), w, lambda tag: tag["score"]) for c, w in zip(clips, wanted)],
        1e-4,
    )
    for file, most in (("model.onnx", 0.06), ("model.int8.onnx", 0.06)):
        place = folder / pooling / "sherpa"
        settings = sherpa_onnx.AudioTaggingConfig(
            model=sherpa_onnx.AudioTaggingModelConfig(ced=str(place / file), num_threads=1),
            labels=str(place / "class_labels_indices.csv"),
            top_k=100,
        )
        sherpa = sherpa_onnx.AudioTagging(settings)

        def tags(clip):
            stream = sherpa.create_stream()
            stream.accept_waveform(16000, clip)
            return sherpa.compute(stream)

        report(
            f"sherpa-onnx, {file}, {pooling}",
            [difference(tags(c), w, lambda tag: tag.prob) for c, w in zip(clips, wanted)],
            most,
        )

here = str(folder / "mean" / "transformers")
model = AutoModelForAudioClassification.from_pretrained(here, trust_remote_code=True)
model.save_pretrained(folder / "saved")
try:
    AutoConfig.from_pretrained(here, trust_remote_code=False)
    failed = True
    print("transformers without trust_remote_code took the model for another")
except Exception as error:
    print(f"transformers without trust_remote_code refuses: {str(error)[:60]}")
sys.exit(failed)
