import json
from pathlib import Path

import numpy as np
import pytest

from ced_teacher.augment import draw, mask, permutation, philox, shifted, stream_key

GOLDEN = json.loads(
    (Path(__file__).parents[2] / "test/reference/augmentation.json").read_text("utf8")
)


def test_the_generator_has_the_pipelines_golden_numbers() -> None:
    for known in GOLDEN["philox"]:
        assert list(philox(tuple(known["key"]), tuple(known["counter"]))) == known["words"]
    for known in GOLDEN["streamKeys"]:
        assert list(stream_key(*known["parts"])) == known["key"]
    for known in GOLDEN["permutations"]:
        order = known["order"]
        assert permutation(known["seed"], known["epoch"], len(order)) == order


def test_views_are_augmented_as_the_pipeline_does() -> None:
    for known in GOLDEN["augmentations"]:
        for view, expected in enumerate(known["views"]):
            drawn = draw(known["seed"], known["clipSha256"], known["chunk"], view, known["samples"])
            assert list(drawn) == expected


@pytest.mark.parametrize("shift", [0, 1, 4])
def test_a_wave_is_shifted_to_the_right_and_scaled(shift: int) -> None:
    pcm = np.array([-32768, 100, 200, 300, 32767], np.int16)
    wave = shifted(pcm, shift, np.empty(5, np.float32))
    np.testing.assert_array_equal(wave, np.roll(pcm, shift).astype(np.float32) / 32768)
    assert wave.min() == -1


def test_masks_zero_their_frames_and_bins_alone() -> None:
    spectrogram = mask(np.ones((2, 64, 10)), np.array([[2, 3, 60, 4], [0, 0, 0, 0]], np.int32))
    assert spectrogram[0, :60].sum(axis=0).tolist() == [60, 60, 0, 0, 0, 60, 60, 60, 60, 60]
    assert spectrogram[0, 60:].sum() == 0
    assert spectrogram[1].min() == 1
