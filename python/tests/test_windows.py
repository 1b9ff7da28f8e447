import numpy as np
import pytest

from ced_teacher.windows import Windows


@pytest.mark.parametrize(
    ("samples", "starts"),
    [(3, [0]), (4, [0]), (8, [0, 4]), (9, [0, 4, 5]), (11, [0, 4, 7]), (12, [0, 4, 8])],
)
def test_windows_cover_a_chunk_to_its_end(samples: int, starts: list[int]) -> None:
    assert Windows(4, 4).starts(samples) == starts


def test_a_hop_below_the_window_overlaps_them() -> None:
    assert Windows(4, 2).starts(9) == [0, 2, 4, 5]


def test_a_short_chunk_is_filled_with_zeros_or_repeated() -> None:
    wave = np.array([[1, 2]], np.float32)
    assert Windows(5, 5).cut(wave).tolist() == [[1, 2, 0, 0, 0]]
    assert Windows(5, 5, "repeat").cut(wave).tolist() == [[1, 2, 1, 2, 1]]


def test_the_windows_of_a_chunk_stand_together_and_are_averaged() -> None:
    windows, waves = Windows(2, 2), np.array([[1, 2, 3, 4], [5, 6, 7, 8]], np.float32)
    assert windows.cut(waves).tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]
    outputs = np.array([[0.0], [1.0], [0.25], [0.75]], np.float32)
    assert windows.mean(outputs, 4, logits=False).tolist() == [[0.5], [0.5]]


def test_of_logits_the_probabilities_are_averaged() -> None:
    windows = Windows(2, 2)
    logits = np.array([[-1.0], [3.0], [-200.0], [-200.0]], np.float32)
    first, second = windows.mean(logits, 4, logits=True)[:, 0]
    expected = (1 / (1 + np.exp(1)) + 1 / (1 + np.exp(-3))) / 2
    assert 1 / (1 + np.exp(-first)) == pytest.approx(expected, rel=1e-6)
    assert second == -200
