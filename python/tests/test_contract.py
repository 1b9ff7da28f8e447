"""The contract's golden files, which the pipeline's tests read too."""
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ced_teacher import Teacher
from ced_teacher.contract import PredictedShard, shard_request, store_of
from ced_teacher.failures import StoreDamaged
from ced_teacher.progress import HeartbeatDetails, Progress
from ced_teacher.served_teacher import ServedTeacher, prepare_teacher
from ced_teacher.shard import ShardJob
from ced_teacher.store import Store, open_store

GOLDEN = Path(__file__).parents[2] / "test/reference/teacher-worker"


def golden(name: str) -> Any:
    return json.loads((GOLDEN / name).read_text("utf8"))


REQUEST = shard_request(golden("predict-input.json"))


def predict(served: ServedTeacher, store: Store) -> PredictedShard:
    return ShardJob(served, store, REQUEST, Progress(), lambda: None).run()


def reference(waves: NDArray[np.float32]) -> NDArray[np.float64]:
    """The reference teacher of the golden files: shares of samples above zero."""
    cuts = [index * waves.shape[1] // 5 for index in range(6)]
    above = waves > 0
    return np.stack([above[:, a:b].mean(axis=1) for a, b in zip(cuts, cuts[1:])], axis=1)


@pytest.fixture
def served() -> ServedTeacher:
    return prepare_teacher(
        Teacher(
            name="reference",
            classes=[(each["mid"], each["name"]) for each in golden("classes.json")],
            sample_rate=16_000,
            predict=reference,
            weights=golden("description.json")["weightsSha256"],
            longest_seconds=30,
        )
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = open_store(str(tmp_path))
    for file, name in ((REQUEST.audio, "audio"), (REQUEST.rows, "rows")):
        store.create(file.key, (GOLDEN / f"{name}.npy").read_bytes())
    return store


def test_the_reference_teacher_is_described_as_in_the_golden_file(
    served: ServedTeacher, tmp_path: Path
) -> None:
    assert store_of(golden("describe-input.json")) == "/srv/store"
    store = open_store(str(tmp_path))
    description = served.describe(store)
    assert description == golden("description.json")
    stored = store.read(description["classes"]["key"])
    assert stored == (GOLDEN / "classes.json").read_bytes()


def test_the_golden_shard_has_the_golden_outputs_and_manifest(
    served: ServedTeacher, store: Store
) -> None:
    assert predict(served, store) == golden("predicted.json")
    assert store.read(REQUEST.data_key) == (GOLDEN / "outputs.npy").read_bytes()
    manifest = json.loads(store.read(REQUEST.manifest_key) or b"")
    assert {**manifest, "seconds": 1.25} == golden("manifest.json")


def test_the_golden_manifest_is_reused(served: ServedTeacher, store: Store) -> None:
    store.create(REQUEST.data_key, (GOLDEN / "outputs.npy").read_bytes())
    store.create(REQUEST.manifest_key, (GOLDEN / "manifest.json").read_bytes())
    assert predict(served, store) == {**golden("predicted.json"), "reused": True}


def test_heartbeats_and_details_have_the_golden_fields(
    served: ServedTeacher, store: Store
) -> None:
    assert golden("heartbeat.json").keys() == HeartbeatDetails.__annotations__.keys()
    audio = bytearray((GOLDEN / "audio.npy").read_bytes())
    audio[-1] ^= 1
    store.replace(REQUEST.audio.key, bytes(audio))
    with pytest.raises(StoreDamaged) as failure:
        predict(served, store)
    assert list(failure.value.details) == golden("store-damaged-details.json")


def test_the_golden_rows_cut_and_shift_the_golden_audio() -> None:
    """Against NumPy's own roll, row by row."""
    audio, rows, outputs = (
        np.load(io.BytesIO((GOLDEN / f"{name}.npy").read_bytes()))
        for name in ("audio", "rows", "outputs")
    )
    for row, expected in zip(rows.tolist(), outputs):
        wave = np.roll(audio[row[3] : row[3] + row[4]], row[5])[None] / np.float32(32768)
        np.testing.assert_array_equal(reference(wave).astype(np.float32)[0], expected)
