"""Predicts one shard: parts first, then the data, the manifest last, all create-only.

An attempt that ends early leaves its parts, and the next one goes on behind them. Parts and batches
are cut by the rows alone, so the bytes do not depend on where an attempt ended.
"""
from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

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
from ced_teacher.failures import StoreDamaged, TeacherChanged, TeacherInvalid
from ced_teacher.output_file import DTYPES, decode_outputs, encode_outputs
from ced_teacher.predict_failure import PredictRaised
from ced_teacher.predictor import checked
from ced_teacher.progress import Progress
from ced_teacher.served_teacher import ServedTeacher
from ced_teacher.store import Store

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
        self._remove_parts()
        return _result(manifest, reused=False)

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
        text = self.store.read(self.request.manifest_key)
        if text is None:
            return None
        try:
            manifest: OutputManifest = json.loads(text)
            same = (
                manifest["version"] == self.request.version
                and manifest["weightsSha256"] == self.request.weights_sha256
                and manifest["audio"] == self.request.audio.sha256
                and manifest["rowsSha256"] == self.request.rows.sha256
                and (manifest["rows"], manifest["classes"]) == self.shape
            )
            result = _result(manifest, reused=True)
        except (ValueError, KeyError, TypeError) as fault:
            key = self.request.manifest_key
            raise StoreDamaged("manifest", key, "it is no manifest") from fault
        if not same:
            raise StoreDamaged(
                "manifest", self.request.manifest_key, "it is of other outputs than the request's"
            )
        self._remove_parts()
        return result

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
        outputs = np.empty(self.shape, np.float32)
        missing, stored = [], []
        for first, end in parts_of(self.request.count):
            part = self._stored_part(first, end)
            if part is None:
                missing.append((first, end))
            else:
                outputs[first:end] = part
                stored.append((first, end))
                self.progress.found(end - first)
        if missing:
            with open_audio_shard(self.store, self.request) as shard:
                self._refuse_long_rows(shard)
                for first, end in stored[:1]:
                    self._refuse_other_answers(shard, first, outputs[first:end])
                with ThreadPoolExecutor(1, "ced-teacher-read-ahead") as pool:
                    for first, end in missing:
                        outputs[first:end] = self._new_part(shard, pool, first, end)
        return encode_outputs(outputs)

    def _refuse_other_answers(
        self, shard: AudioShard, first: int, part: NDArray[np.float32]
    ) -> None:
        """A shard is of one `predict`: the first batch that an earlier attempt stored is compared.

        The version and the hash of the weights do not tell that the code around them was changed.
        """
        teacher, predictor = self.served.teacher, self.served.predictor
        lengths = shard.rows[:, SAMPLES]
        rows = next(batches_of(lengths, first, first + len(part), predictor.rows_per_batch))
        waves = predictor.prepare(shard.waves(rows))
        own = self._outputs(shard, rows, waves, shard.masks(rows) if teacher.masks else None)
        differences = np.abs(self._probabilities(own) - self._probabilities(part[rows - first]))
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

    def _new_part(
        self, shard: AudioShard, pool: ThreadPoolExecutor, first: int, end: int
    ) -> NDArray[np.float32]:
        predictor, masks = self.served.predictor, self.served.teacher.masks
        lengths = shard.rows[:, SAMPLES]
        outputs = np.empty((end - first, self.shape[1]), np.float32)

        def prepare(rows: NDArray[np.int64]) -> tuple[NDArray[np.float32], Any]:
            waves = predictor.prepare(shard.waves(rows))
            return waves, shard.masks(rows) if masks else None

        self.pause()
        batches = batches_of(lengths, first, end, predictor.rows_per_batch)
        for rows, (waves, row_masks) in read_ahead(pool, prepare, batches):
            started = time.monotonic()
            outputs[rows - first] = self._outputs(shard, rows, waves, row_masks)
            self.progress.predicted(len(rows), time.monotonic() - started)
            self.pause()
        self._store_part(self._part_key(first, end), encode_outputs(outputs))
        return outputs

    def _part_key(self, first: int, end: int) -> str:
        return f"{self.request.data_key}.part/{first:09d}-{end:09d}.npy"

    def _store_part(self, key: str, data: bytes) -> None:
        for name, content in ((key, data), (f"{key}.sha256", _sha256(data).encode())):
            if not self.store.create(name, content):
                self.store.replace(name, content)

    def _stored_part(self, first: int, end: int) -> NDArray[Any] | None:
        key = self._part_key(first, end)
        data, digest = self.store.read(key), self.store.read(f"{key}.sha256")
        if data is None or digest is None or digest.decode("ascii", "replace") != _sha256(data):
            return None
        return decode_outputs(data, (end - first, self.shape[1]))

    def _remove_parts(self) -> None:
        for key in self.store.list(f"{self.request.data_key}.part"):
            self.store.remove(key)

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


def _result(manifest: OutputManifest, reused: bool) -> PredictedShard:
    return {
        "rows": manifest["rows"],
        "bytes": manifest["bytes"],
        "sha256": manifest["sha256"],
        "reused": reused,
    }


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
