from typing import Any

import numpy as np
import pytest

from ced_teacher import TeacherInvalid
from ced_teacher.predictor import Predictor
from shards import teacher

WAVES = np.zeros((2, 100), np.float32)
ROWS = np.array([7, 9])


def outputs(returned: Any, **more: Any) -> np.ndarray[Any, Any]:
    predictor = Predictor(teacher(lambda _: returned, **more), 3)
    return predictor.outputs(WAVES, None, 100, ROWS)


@pytest.mark.parametrize("returned", [np.zeros((2, 4)), np.zeros(3), np.zeros((1, 3)), None])
def test_a_wrong_shape_is_told_with_the_expected_one(returned: Any) -> None:
    with pytest.raises(TeacherInvalid, match=r"tiny: predict returned shape .*expected \[2, 3\]"):
        outputs(returned)


def test_a_value_that_is_not_finite_is_told_with_its_row() -> None:
    values = np.zeros((2, 3))
    values[1, 2] = np.nan
    with pytest.raises(TeacherInvalid, match=r"output 2 of row 9 is nan.*log\(0\)"):
        outputs(values)


def test_logits_that_are_declared_as_probabilities_are_told_with_the_remedy() -> None:
    values = np.array([[0, 1, 0], [0, 0, -1.5]])
    with pytest.raises(TeacherInvalid, match='output 2 of row 9 is -1.5.*output="logits"'):
        outputs(values)
    np.testing.assert_array_equal(outputs(values, output="logits"), values)


def test_values_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(TeacherInvalid, match="real numbers"):
        outputs(np.zeros((2, 3), complex))


def test_a_last_bit_above_one_becomes_one() -> None:
    assert outputs(np.full((2, 3), 1 + 1e-7)).max() == 1


def test_predict_may_return_lists_and_tensors() -> None:
    class Tensor:
        """What of PyTorch's tensors is used."""

        def detach(self) -> "Tensor":
            return self

        float = cpu = detach

        def numpy(self) -> Any:
            return np.full((2, 3), 0.5, np.float32)

    assert outputs(Tensor()).tolist() == outputs([[0.5] * 3] * 2).tolist() == [[0.5] * 3] * 2
