"""Windows of a fixed length over a chunk of any length."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Windows:
    """`window` and `hop` in samples."""

    window: int
    hop: int
    pad: Literal["zeros", "repeat"] = "zeros"

    def starts(self, samples: int) -> list[int]:
        """Where the windows of a chunk of `samples` samples start: at every hop while they fit,
        then, if the end is not covered yet, one that ends with the chunk. A chunk shorter than a
        window has one, which is padded."""
        last = samples - self.window
        if last <= 0:
            return [0]
        starts = list(range(0, last + 1, self.hop))
        return starts if starts[-1] == last else [*starts, last]

    def cut(self, waves: NDArray[np.float32]) -> NDArray[np.float32]:
        """[batch, samples] to [batch · windows, window]; all windows of a chunk stand together."""
        batch, samples = waves.shape
        if samples < self.window:
            fill = self.window - samples
            mode: Literal["constant", "wrap"] = "constant" if self.pad == "zeros" else "wrap"
            waves = np.pad(waves, ((0, 0), (0, fill)), mode=mode)
        starts = self.starts(samples)
        cut = np.stack([waves[:, at : at + self.window] for at in starts], axis=1)
        return cut.reshape(batch * len(starts), self.window)

    def mean(
        self, outputs: NDArray[np.float32], samples: int, logits: bool
    ) -> NDArray[np.float32]:
        """[batch · windows, classes] to the mean probability over the windows of each chunk, as
        log-odds if `logits`: the pipeline's own teachers average probabilities too."""
        windows = len(self.starts(samples))
        by_chunk = outputs.reshape(-1, windows, outputs.shape[1]).astype(np.float64)
        mean: NDArray[np.float64]
        if logits:
            # Sums of σ(x) and of 1 − σ(x) as logarithms, which stay finite.
            yes, no = (-np.logaddexp(0, sign * by_chunk) for sign in (-1, 1))
            mean = np.logaddexp.reduce(yes, axis=1) - np.logaddexp.reduce(no, axis=1)
        else:
            mean = by_chunk.mean(axis=1)
        return mean.astype(np.float32)
