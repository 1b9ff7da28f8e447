"""BirdNET as a teacher on clips at 48 kHz: npm run python -- birdnet

No recordings come with it: the clips are whistles, trills and sweeps between 2 and 10 kHz over
noise, drawn from a seed. It shows the teacher at work, not how well BirdNET knows birds.
"""
import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

for folder in ("src", "tests", "examples"):
    sys.path.append(str(Path(__file__).parent / folder))
from birdnet import teacher
from shards import Shard

from ced_teacher.served_teacher import prepare_teacher

RATE = 48_000


def song(rng, seconds):
    """int16 at 48 kHz: a phrase of two to eight notes, repeated."""
    time_axis = np.arange(round(seconds * RATE)) / RATE
    note = time_axis * rng.uniform(1, 8) % 1
    low, high = rng.uniform(2000, 6000), rng.uniform(4000, 10_000)
    hertz = low + (high - low) * note ** rng.uniform(0.3, 3)
    hertz += rng.uniform(0, 400) * np.sin(2 * np.pi * rng.uniform(5, 60) * time_axis)
    wave = np.sin(2 * np.pi * np.cumsum(hertz) / RATE) * (note < rng.uniform(0.3, 0.9))
    noise = rng.standard_normal(len(wave))
    return np.round(9000 * wave + rng.uniform(10, 600) * noise).astype(np.int16)


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=200, help="of 3 to 10 s (default 200)")
    options = parser.parse_args(argv)
    rng = np.random.default_rng(48)
    songs = [song(rng, rng.integers(3, 11)) for _ in range(options.clips)]
    served = prepare_teacher(teacher)
    with tempfile.TemporaryDirectory() as folder:
        lengths = [len(each) for each in songs]
        shard = Shard(Path(folder), lengths, views=1, rate=RATE, audio=np.concatenate(songs))
        started = time.monotonic()
        shard.predict(served, weightsSha256=served.weights_sha256)
        minutes = (time.monotonic() - started) / 60
        probabilities = 1 / (1 + np.exp(-shard.outputs().astype(np.float64)))
    best = probabilities.argmax(axis=1)
    for index, count in Counter(best.tolist()).most_common(10):
        most = probabilities[best == index, index].max()
        print(f"{count:4d} clips  {most:.2f} at most  {served.classes[index].name}")
    audio_minutes = sum(map(len, songs)) / RATE / 60
    print(f"{options.clips} clips, {audio_minutes:.1f} minutes of audio, in {minutes:.1f} minutes")


if __name__ == "__main__":
    main(sys.argv[1:])
