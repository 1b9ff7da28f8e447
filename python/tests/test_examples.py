"""The examples whose packages are small; `npm run python` tests the others."""
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ced_teacher.served_teacher import prepare_teacher
from onnx_any import make
from onnx_file import FLOAT, FLOAT16, loudness_and_peak

EXAMPLES = Path(__file__).parents[1] / "examples"
WAVES = np.random.default_rng(1).uniform(-1, 1, (5, 800)).astype(np.float32)


def expected(waves: Any) -> Any:
    return np.stack([np.abs(waves).mean(axis=1), np.abs(waves).max(axis=1)], axis=1)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_an_example_has_at_most_forty_lines(path: Path) -> None:
    assert len(path.read_text("utf8").splitlines()) <= 40


@pytest.mark.parametrize(
    ("shape", "axis", "frames", "kind"),
    [
        (["n"], 0, True, FLOAT),
        ([400], 0, False, FLOAT),
        (["batch", "n"], 1, False, FLOAT),
        ([1, 400], 1, False, FLOAT),
        ([4, "n"], 1, False, FLOAT),
        (["batch", 1, 400], 2, False, FLOAT),
        (["batch", 400, 1], 1, False, FLOAT),
        (["batch", "n"], 1, False, FLOAT16),
    ],
    ids=str,
)
def test_an_onnx_network_of_any_signature_is_a_teacher(
    tmp_path: Path, shape: list[int | str], axis: int, frames: bool, kind: int
) -> None:
    (tmp_path / "net.onnx").write_bytes(loudness_and_peak(shape, axis, frames, kind))
    labels = tmp_path / "labels.csv"
    labels.write_text("index,mid,display_name\n0,,Loud\n1,,Sudden\n")
    teacher = make(str(tmp_path / "net.onnx"), labels, 16_000)
    predictor = prepare_teacher(teacher).predictor
    outputs = predictor.outputs(predictor.prepare(WAVES), None, 800, np.arange(5))
    fixed = 400 in shape
    halves = (expected(WAVES[:, :400]) + expected(WAVES[:, 400:])) / 2
    tolerance = 1e-3 if kind == FLOAT16 else 1e-6
    np.testing.assert_allclose(outputs, halves if fixed else expected(WAVES), atol=tolerance)


def test_the_probabilities_of_an_onnx_networks_logits_are_averaged_over_frames(
    tmp_path: Path,
) -> None:
    (tmp_path / "net.onnx").write_bytes(loudness_and_peak(["n"], 0, True))
    teacher = make(str(tmp_path / "net.onnx"), ["Loud", "Sudden"], 16_000, "logits")
    np.testing.assert_allclose(
        teacher.predict(WAVES), 1 / (1 + np.exp(-expected(WAVES))), atol=1e-6
    )
