"""Predicts one shard: parts first, then the data, the manifest last, all create-only.

An attempt that ends early leaves its parts, and between two batches the finished rows of the part
at hand too; the next one goes on behind them. Parts and batches are cut by the rows alone, so the
bytes do not depend on where an attempt ended.
"""
from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ced_teacher.audio_shard import AudioShard, open_audio_shard
from ced_teacher.batches import batches_of, parts_of, read_ahead
from ced_teacher.contract import (
    CLIP,
    CONTRACT,
    SAMPLES,
    Dtype,
    OutputManifest,
    PredictedShard,
    ShardRequest,
)
from ced_teacher.failures import TeacherChanged, TeacherInvalid
from ced_teacher.manifest import read_manifest, result_of
from ced_teacher.output_file import DTYPES, decode_outputs, encode_outputs
from ced_teacher.parts import Parts
from ced_teacher.predict_failure import PredictRaised
from ced_teacher.predictor import checked
from ced_teacher.progress import Progress
from ced_teacher.served_teacher import ServedTeacher
from ced_teacher.store import Store

log = logging.getLogger("ced_teacher")

# Of probabilities, as runs compare probe clips: other GPUs and other kernels stay far below.
LARGEST_DIFFERENCE = 0.02
LARGEST_MEAN_DIFFERENCE = 1e-3


class ShardJob:
    """
    :param pause: called between two batches; raises what ends the attempt
    """

    def __init__(
        self,
        served: ServedTeacher,
        store: Store,
        request: ShardRequest,
        progress: Progress,
        pause: Callable[[], None],
    ) -> None:
        self.served, self.store, self.request = served, store, request
        self.progress, self.pause = progress, pause
        self.shape = (request.count, len(served.classes))
        self.parts = Parts(store, request.data_key, self.shape[1])

    def run(self) -> PredictedShard:
        self._refuse_other_teacher()
        finished = self._finished()
        if finished is not None:
            return finished
        self.progress.start(self.request.count)
        data, dtype = self._stored_data() or self._store_data(self._predict())
        manifest = self._manifest(data, dtype)
        text = json.dumps(manifest, separators=(",", ":")).encode()
        if not self.store.create(self.request.manifest_key, text):
            other = self._finished()
            assert other is not None
            return other
        self.parts.remove()
        return result_of(manifest, reused=False)

    def _refuse_other_teacher(self) -> None:
        request, teacher = self.request, self.served.teacher
        served = (teacher.version, self.served.weights_sha256)
        if (request.version, request.weights_sha256) != served:
            raise TeacherChanged(
                f"{teacher.name}: this worker serves version {served[0]} with weights "
                f"{served[1][:12]}, and the run asks for version {request.version} with "
                f"{request.weights_sha256[:12]}: start workers of the version that the run began "
                "with, or start the run anew"
            )
        if request.sample_rate != teacher.sample_rate:
            raise TeacherChanged(
                f"{teacher.name}: the shard has {request.sample_rate} Hz, the teacher takes "
                f"{teacher.sample_rate} Hz"
            )

    def _finished(self) -> PredictedShard | None:
        """The result of an earlier attempt, if its manifest is there."""
        manifest = read_manifest(self.store, self.request, self.shape[1])
        if manifest is None:
            return None
        self.parts.remove()
        return result_of(manifest, reused=True)

    def _stored_data(self) -> tuple[bytes, Dtype] | None:
        """Outputs that lack their manifest only, and their type: an attempt ended between the two.
        """
        data = self.store.read(self.request.data_key)
        outputs = None if data is None else decode_outputs(data, self.shape)
        if data is None or outputs is None:
            return None
        try:
            values = outputs.astype(np.float32, copy=False)
            checked(values, self.served.teacher, np.arange(len(values)))
        except TeacherInvalid:
            return None
        return data, DTYPES[outputs.dtype.str]

    def _store_data(self, data: bytes) -> tuple[bytes, Dtype]:
        """:returns: what is stored in the end, perhaps another worker's outputs"""
        if not self.store.create(self.request.data_key, data):
            stored = self._stored_data()
            if stored is not None:
                return stored
            self.store.replace(self.request.data_key, data)
        return data, "float32"

    def _predict(self) -> bytes:
        # NaN in the rows that are to be predicted.
        outputs = np.full(self.shape, np.nan, np.float32)
        missing = []
        for first, end in parts_of(self.request.count):
            part = self.parts.read(first, end)
            if part is None:
                missing.append((first, end))
            else:
                outputs[first:end] = part
                self.progress.found(end - first)
        if missing:
            with open_audio_shard(self.store, self.request) as shard:
                self._refuse_long_rows(shard)
                for first, end in missing:
                    self._take_unfinished(shard, outputs, first, end)
                self._refuse_other_answers(shard, outputs)
                with ThreadPoolExecutor(1, "ced-teacher-read-ahead") as pool:
                    for first, end in missing:
                        self._finish_part(shard, pool, outputs, first, end)
        return encode_outputs(outputs)

    def _take_unfinished(
        self, shard: AudioShard, outputs: NDArray[np.float32], first: int, end: int
    ) -> None:
        """Whole batches alone: a row's last bits may depend on the others of its batch."""
        part = self.parts.read_unfinished(first, end)
        if part is None:
            return
        for rows in self._batches(shard, first, end):
            found = part[rows - first]
            if np.isfinite(found).all():
                outputs[rows] = found
                self.progress.found(len(rows))

    def _batches(self, shard: AudioShard, first: int, end: int) -> Iterator[NDArray[np.int64]]:
        rows_per_batch = self.served.predictor.rows_per_batch
        return batches_of(shard.rows[:, SAMPLES], first, end, rows_per_batch)

    def _refuse_other_answers(self, shard: AudioShard, outputs: NDArray[np.float32]) -> None:
        """A shard is of one `predict`: the first batch that an earlier attempt stored is compared.

        The version and the hash of the weights do not tell that the code around them was changed.
        """
        stored = (
            rows
            for first, end in parts_of(self.request.count)
            for rows in self._batches(shard, first, end)
            if np.isfinite(outputs[rows]).all()
        )
        rows = next(stored, None)
        if rows is None:
            return
        teacher = self.served.teacher
        waves, masks = self._prepare(shard, rows)
        own = self._outputs(shard, rows, waves, masks)
        differences = np.abs(self._probabilities(own) - self._probabilities(outputs[rows]))
        largest, mean = float(differences.max()), float(differences.mean())
        if largest > LARGEST_DIFFERENCE or mean > LARGEST_MEAN_DIFFERENCE:
            raise TeacherChanged(
                f"{teacher.name}: predict answers {_span('row', rows)} otherwise than the attempt "
                f"that stored them under the same version {teacher.version} and weights: "
                f"probabilities differ by {largest:.2g} at most, {mean:.2g} on average; give it a "
                "new version, or its former predict"
            )

    def _probabilities(self, outputs: NDArray[np.float32]) -> NDArray[np.float64]:
        values = outputs.astype(np.float64)
        return 1 / (1 + np.exp(-values)) if self.served.teacher.output == "logits" else values

    def _outputs(
        self,
        shard: AudioShard,
        rows: NDArray[np.int64],
        waves: NDArray[np.float32],
        masks: NDArray[np.int32] | None,
    ) -> NDArray[np.float32]:
        samples = int(shard.rows[rows[0], SAMPLES])
        try:
            return self.served.predictor.outputs(waves, masks, samples, rows)
        except (TeacherInvalid, PredictRaised) as failure:
            row = getattr(failure, "row", None)
            failure.place = _place_of(shard, rows if row is None else np.array([row]))
            raise

    def _prepare(
        self, shard: AudioShard, rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.int32] | None]:
        waves = self.served.predictor.prepare(shard.waves(rows))
        return waves, shard.masks(rows) if self.served.teacher.masks else None

    def _finish_part(
        self,
        shard: AudioShard,
        pool: ThreadPoolExecutor,
        outputs: NDArray[np.float32],
        first: int,
        end: int,
    ) -> None:
        """Predicts what `outputs` lacks from row `first` to before row `end`."""
        self.pause()
        missing = [
            rows for rows in self._batches(shard, first, end) if np.isnan(outputs[rows]).any()
        ]
        predicted = 0
        try:
            for rows, (waves, masks) in read_ahead(pool, partial(self._prepare, shard), missing):
                started = time.monotonic()
                outputs[rows] = self._outputs(shard, rows, waves, masks)
                predicted += len(rows)
                self.progress.predicted(len(rows), time.monotonic() - started)
                self.pause()
        except Exception:
            if predicted > 0:
                self._keep_unfinished(outputs, first, end)
            raise
        self.parts.write(first, end, outputs[first:end])

    def _keep_unfinished(self, outputs: NDArray[np.float32], first: int, end: int) -> None:
        """What ended the attempt is told, whether or not this succeeds."""
        try:
            self.parts.write_unfinished(first, end, outputs[first:end])
        except Exception as failure:
            name = self.served.teacher.name
            log.warning("%s: the rows since the last part are not stored: %s", name, failure)

    def _refuse_long_rows(self, shard: AudioShard) -> None:
        teacher = self.served.teacher
        if teacher.longest_seconds is None or len(shard.rows) == 0:
            return
        row = int(np.argmax(shard.rows[:, SAMPLES]))
        seconds = float(shard.rows[row, SAMPLES]) / teacher.sample_rate
        if seconds > teacher.longest_seconds:
            raise TeacherInvalid(
                f"{teacher.name}: row {row} has {seconds:g} s, and the teacher takes at most "
                f"{teacher.longest_seconds:g} s: give the run shorter chunks, or the teacher "
                "window_seconds",
                row,
            )

    def _manifest(self, data: bytes, dtype: Dtype) -> OutputManifest:
        return {
            "contract": CONTRACT,
            "version": self.request.version,
            "weightsSha256": self.request.weights_sha256,
            "audio": self.request.audio.sha256,
            "rowsSha256": self.request.rows.sha256,
            "rows": self.shape[0],
            "classes": self.shape[1],
            "dtype": dtype,
            "output": self.served.teacher.output,
            "bytes": len(data),
            "sha256": _sha256(data),
            "seconds": round(self.progress.predicting_seconds, 3),
        }


def _place_of(shard: AudioShard, rows: NDArray[np.int64]) -> str:
    """Rows of one length go together, so others may lie between the first and the last."""
    clips = shard.rows[rows, CLIP]
    return f" ({_span('row', rows)} of the shard: {_span('clip', clips)})"


def _span(what: str, numbers: NDArray[np.int64]) -> str:
    first, last = int(numbers.min()), int(numbers.max())
    return f"{what} {first}" if first == last else f"{what}s {first} to {last}"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
