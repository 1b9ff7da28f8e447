"""CED in PyTorch as a teacher: python torch_ced.py FOLDER labels.csv [options of serve …]

FOLDER holds model.safetensors and config.json."""
import json
import sys
from pathlib import Path

import torch

sys.path.append(str(Path(__file__).parents[2] / "bench/torch"))
from ced import Ced, LogMel
from check import read_state

from ced_teacher import Teacher, serve
from ced_teacher.augment import mask


def make(config, weights, classes, device="cuda" if torch.cuda.is_available() else "cpu"):
    front, model = LogMel().to(device), Ced(json.loads(Path(config).read_text())).to(device).eval()
    model.load_state_dict(read_state(weights), strict=False)

    def predict(waves, masks):
        return model(mask(front(torch.from_numpy(waves).to(device)), masks))

    return Teacher(
        name="ced",
        classes=classes,
        sample_rate=16000,
        predict=predict,
        weights=weights,
        output="logits",
        masks=True,
        longest_seconds=10.12,
    )


if __name__ == "__main__":
    folder, labels, *options = sys.argv[1:]
    teacher = make(f"{folder}/config.json", f"{folder}/model.safetensors", labels)
    serve(teacher, task_queue="teacher-ced", argv=options)
