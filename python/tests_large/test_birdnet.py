"""BirdNET, from the package that ships it, as a teacher of 48 kHz."""
import numpy as np

from birdnet import teacher
from shards import Shard

from ced_teacher.served_teacher import prepare_teacher

RATE = 48_000


def test_its_windows_of_three_seconds_are_averaged_over_a_chunk(tmp_path):
    served = prepare_teacher(teacher)
    shard = Shard(tmp_path, [7 * RATE, 2 * RATE], views=1, rate=RATE)
    shard.predict(served, weightsSha256=served.weights_sha256)

    pcm = shard.audio() / np.float32(32768)
    padded = np.concatenate([pcm, np.zeros(RATE, np.float32)])
    starts = [[0, 3, 4], [7]]
    for outputs, seconds in zip(shard.outputs(), starts):
        windows = [padded[None, at * RATE : (at + 3) * RATE] for at in seconds]
        logits = np.float64([teacher.predict(window)[0] for window in windows])
        alone = np.mean(1 / (1 + np.exp(-logits)), axis=0)
        np.testing.assert_allclose(1 / (1 + np.exp(-outputs.astype("f8"))), alone, atol=1e-5)


def test_its_classes_have_its_own_names():
    classes = prepare_teacher(teacher).classes
    assert len(classes) == 6522
    assert classes[0].name == "Abroscopus albogularis_Rufous-faced Warbler"
