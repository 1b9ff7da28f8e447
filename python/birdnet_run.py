"""BirdNET as a teacher of a run at 48 kHz, through a Temporal worker: npm run python -- birdnet-run

Half of the clips are cut from a recording of birds at 32 kHz that opensoundscape brings (MIT
licence), the others are made (birdnet_tags.py). The run has BirdNET's own classes. It shows the
whole path at work, not how well BirdNET knows birds.
"""
import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import wave
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from birdnet_tags import RATE, song

HERE = Path(__file__).parent
CLIP_SECONDS = 3
QUEUE = "teacher-birdnet"


def recorded(count):
    """Clips of int16 that overlap, with their sample rate."""
    package = find_spec("opensoundscape").submodule_search_locations[0]
    with wave.open(str(Path(package, "sample_data/birds_10s.wav"))) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    length = CLIP_SECONDS * rate
    starts = np.linspace(0, len(samples) - length, count).astype(int)
    return [(samples[at : at + length], rate) for at in starts]


def write_corpus(folder, count):
    made = np.random.default_rng(48)
    clips = [("recorded", *each) for each in recorded(count // 2)]
    clips += [("made", song(made, CLIP_SECONDS), RATE) for _ in range(count - len(clips))]
    rows = []
    for index, (kind, samples, rate) in enumerate(clips):
        path = folder / f"{kind}-{index:03d}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(np.asarray(samples, "<i2").tobytes())
        rows.append(json.dumps({"clip": path.stem, "audio": path.name}) + "\n")
    (folder / "train.jsonl").write_text("".join(rows))


def write_run(folder):
    birdnet = {"name": "birdnet", "format": "worker", "taskQueue": QUEUE}
    student = {"name": "student", "model": {"embedDim": 16, "depth": 1, "heads": 2}}
    run = {
        "name": "birds",
        "store": str(folder / "store"),
        "corpus": {"train": str(folder / "train.jsonl"), "vocabulary": "teacher:birdnet"},
        "teachers": [{**birdnet, "spectrogramMasks": "skip"}],
        "logits": {"views": 1, "topK": 10, "chunkSeconds": CLIP_SECONDS},
        "students": [{**student, "epochs": 1, "batchSize": 16, "warmupSteps": 2}],
    }
    path = folder / "run.json"
    path.write_text(json.dumps(run))
    return path


def free_port():
    with socket.socket() as each:
        each.bind(("127.0.0.1", 0))
        return each.getsockname()[1]


def npm(program, *args):
    return ["node", str(HERE.parent / "infra/run.mjs"), program, *args]


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=200, help="of 3 s (default 200)")
    parser.add_argument("--out", type=Path, help="keep clips, run file and store here")
    options = parser.parse_args(argv)
    folder = (options.out or Path(tempfile.mkdtemp())).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    write_corpus(folder, options.clips)
    port = free_port()
    place = ["--address", f"127.0.0.1:{port}", "--task-queue", QUEUE, "--store", folder / "store"]
    paths = [str(HERE / "src"), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    started = time.monotonic()
    run = subprocess.Popen(npm("start", "--run", write_run(folder), "--port", str(port)))
    # It polls as soon as the server of the run answers; until then Temporal refuses it.
    worker = None
    try:
        while run.poll() is None:
            if worker is None or worker.poll() is not None:
                worker = subprocess.Popen(
                    [sys.executable, HERE / "examples/birdnet.py", *place], env=environment
                )
            time.sleep(2)
        if run.returncode != 0:
            return run.returncode
        minutes = (time.monotonic() - started) / 60
        told = npm("ced", "logits", folder / "store", "--json")
        [logits] = json.loads(subprocess.run(told, check=True, stdout=subprocess.PIPE).stdout)
        for tag in logits["topClasses"]:
            print(f"{tag['share']:6.1%} of clips  {tag['mean']:.3f} on average  {tag['name']}")
        print(f"{logits['rowsWritten']} clips at {RATE} Hz in {minutes:.1f} minutes, all stages")
        return 0
    finally:
        for process in (worker, run):
            if process is not None and process.poll() is None:
                process.terminate()
                process.wait()
        if options.out is None:
            shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
