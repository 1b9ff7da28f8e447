"""Calls `predict` with what it takes, and checks what it returns."""
from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ced_teacher.failures import PermanentFailure, TeacherInvalid
from ced_teacher.predict_failure import PredictRaised
from ced_teacher.teacher import Teacher
from ced_teacher.windows import Windows

# A float32 softmax may sum up to a last bit more than 1.
ROUNDING = 1e-6


class Predictor:
    def __init__(self, teacher: Teacher, classes: int) -> None:
        self.teacher, self.classes = teacher, classes
        self.windows: Windows | None = None
        if teacher.window_seconds is not None:
            window = round(teacher.window_seconds * teacher.sample_rate)
            hop = round((teacher.hop_seconds or teacher.window_seconds) * teacher.sample_rate)
            self.windows = Windows(max(window, 1), max(hop, 1), teacher.pad)

    def rows_per_batch(self, samples: int) -> int:
        """How many chunks of `samples` samples go together; all windows of a chunk count."""
        windows = 1 if self.windows is None else len(self.windows.starts(samples))
        return max(1, self.teacher.batch_size // windows)

    def prepare(self, waves: NDArray[np.float32]) -> NDArray[np.float32]:
        """[rows, samples] to what `predict` takes; may run beside another prediction."""
        return waves if self.windows is None else self.windows.cut(waves)

    def outputs(
        self,
        prepared: NDArray[np.float32],
        masks: NDArray[np.int32] | None,
        samples: int,
        rows: NDArray[np.int64],
    ) -> NDArray[np.float32]:
        """
        :param prepared: what `prepare` returned for chunks of `samples` samples
        :param rows: their numbers in the shard, for failures
        :returns: [rows, classes], finite and, if they are probabilities, within 0 and 1
        :raises TeacherInvalid: for outputs that are none
        :raises PredictRaised: where `predict` raises
        """
        size = self.teacher.batch_size
        slices = range(0, len(prepared), size)
        parts = [
            self._call(prepared[at : at + size], None if masks is None else masks[at : at + size])
            for at in slices
        ]
        outputs = parts[0] if len(parts) == 1 else np.concatenate(parts)
        if self.windows is not None:
            outputs = self.windows.mean(outputs, samples, self.teacher.output == "logits")
        return checked(outputs, self.teacher, rows)

    def _call(
        self, waves: NDArray[np.float32], masks: NDArray[np.int32] | None
    ) -> NDArray[np.float32]:
        arguments = (waves,) if masks is None else (waves, masks)
        try:
            with _inference_mode():
                # A device tells some of its errors only when the values are fetched.
                outputs = _as_array(self.teacher.predict(*arguments))
        except PermanentFailure:
            raise
        except Exception as error:
            raise PredictRaised(error) from error
        expected = (len(waves), self.classes)
        if outputs.shape != expected:
            raise TeacherInvalid(
                f"{self.teacher.name}: predict returned shape {list(outputs.shape)} for waves of "
                f"shape {list(waves.shape)}, expected {list(expected)}: one row of outputs for "
                "each wave, one column for each class"
            )
        if outputs.dtype.kind not in "fiu":
            raise TeacherInvalid(
                f"{self.teacher.name}: predict returned values of type {outputs.dtype}, expected "
                "real numbers"
            )
        return outputs.astype(np.float32, copy=False)


def checked(
    outputs: NDArray[np.float32], teacher: Teacher, rows: NDArray[np.int64]
) -> NDArray[np.float32]:
    """
    :raises TeacherInvalid: for values that are no outputs, with the row and what may be wrong
    """
    _refuse(teacher, outputs, rows, ~np.isfinite(outputs), "which is not finite: look for log(0), "
            "a division by 0 or an overflow of float16 in the network or its front end")
    if teacher.output == "probabilities":
        outside = (outputs < -ROUNDING) | (outputs > 1 + ROUNDING)
        _refuse(teacher, outputs, rows, outside, "which is no probability: if predict returns "
                'logits, say output="logits"')
        return np.clip(outputs, 0, 1)
    return outputs


def _refuse(
    teacher: Teacher,
    outputs: NDArray[np.float32],
    rows: NDArray[np.int64],
    faulty: NDArray[np.bool_],
    what: str,
) -> None:
    if not faulty.any():
        return
    at, column = (int(index) for index in np.argwhere(faulty)[0])
    row = int(rows[at])
    raise TeacherInvalid(
        f"{teacher.name}: output {column} of row {row} is {outputs[at, column]}, {what}", row
    )


def _as_array(raw: Any) -> NDArray[Any]:
    """Tensors of PyTorch leave their graph and device; bfloat16 is not known to NumPy."""
    if hasattr(raw, "detach"):
        raw = raw.detach().float().cpu().numpy()
    return np.asarray(raw)


def _inference_mode() -> AbstractContextManager[Any]:
    torch = sys.modules.get("torch")
    mode: AbstractContextManager[Any] = nullcontext() if torch is None else torch.inference_mode()
    return mode
