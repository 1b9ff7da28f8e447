import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ced_teacher import TeacherInvalid
from ced_teacher import batches as cut
from ced_teacher.failures import ContractUnknown, StoreDamaged, TeacherChanged
from ced_teacher.parts import Parts
from ced_teacher.predict_failure import PredictRaised
from ced_teacher.store import open_store
from shards import BUCKETS, SHA256, Shard, features, npy, served, sha256


class Interrupted(Exception):
    pass


def after(batches: int) -> Any:
    """Interrupts before the batch of this number."""
    left = [batches]

    def pause() -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Interrupted

    return pause


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut, "PART_ROWS", 8)


def expected_waves(shard: Shard, row: NDArray[np.int64]) -> NDArray[np.float32]:
    _, _, _, offset, samples, shift = (int(value) for value in row[:6])
    shifted = np.roll(shard.audio()[offset : offset + samples], shift)
    wave: NDArray[np.float32] = (shifted[None] / 32768).astype(np.float32)
    return wave


def test_each_row_holds_the_outputs_for_its_own_shifted_view(tmp_path: Path) -> None:
    shard = Shard(tmp_path, [900, 300, 900, 700] * 5, views=3)
    result = shard.predict(served())
    alone = [features(expected_waves(shard, row))[0] for row in shard.rows()]
    np.testing.assert_allclose(shard.outputs(), np.stack(alone), rtol=1e-5)
    assert result["rows"] == 60 and not result["reused"]


def test_the_manifest_describes_the_data(tmp_path: Path) -> None:
    shard = Shard(tmp_path, [500] * 4)
    result = shard.predict(served())
    data = shard.store.read(shard.request.data_key) or b""
    manifest = shard.manifest()
    assert manifest.pop("seconds") >= 0
    assert manifest == {
        "contract": 1,
        "version": "1",
        "weightsSha256": SHA256,
        "audio": shard.request.audio.sha256,
        "rowsSha256": shard.request.rows.sha256,
        "rows": 8,
        "classes": 3,
        "dtype": "float32",
        "output": "probabilities",
        "bytes": len(data),
        "sha256": sha256(data),
    }
    assert result == {"rows": 8, "bytes": len(data), "sha256": sha256(data), "reused": False}


def test_rows_of_one_length_go_together_and_never_more_than_the_batch_size(tmp_path: Path) -> None:
    shapes: list[tuple[int, ...]] = []

    def predict(waves: NDArray[np.float32]) -> NDArray[np.float32]:
        shapes.append(waves.shape)
        assert waves.dtype == np.float32
        return features(waves)

    Shard(tmp_path, [400, 600] * 5).predict(served(predict))
    assert shapes == [(8, 400), (2, 400), (8, 600), (2, 600)]


def test_masks_are_given_to_a_teacher_that_applies_them(tmp_path: Path) -> None:
    seen: list[Any] = []

    def predict(waves: NDArray[np.float32], masks: NDArray[np.int32]) -> NDArray[np.float32]:
        seen.extend(masks.tolist())
        return features(waves)

    Shard(tmp_path, [400] * 2).predict(served(predict, masks=True))
    assert seen == [[3, 0, 5, 0], [3, 1, 5, 2]] * 2


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("place", ["folder", *BUCKETS])
def test_an_attempt_goes_on_behind_the_parts_of_the_one_before(
    tmp_path: Path, place: str
) -> None:
    whole = Shard(tmp_path / "whole", [400, 600, 500] * 5)
    whole.predict(served())

    address = tmp_path / "halves" if place == "folder" else f"{place}/{uuid.uuid4()}"
    halves = Shard(address, [400, 600, 500] * 5)
    with pytest.raises(Interrupted):
        halves.predict(served(), pause=after(9))
    stored = [key.split("/")[-1] for key in halves.part_keys() if key.endswith(".npy")]
    assert stored == [
        "000000000-000000008.npy",
        "000000008-000000016.npy",
        "000000016-000000024.unfinished.npy",
    ]
    done = halves.progress.details()["done"]
    assert 16 < done < 24

    calls: list[int] = []

    def predict(waves: NDArray[np.float32]) -> NDArray[np.float32]:
        calls.append(len(waves))
        return features(waves)

    halves.predict(served(predict))
    # The first batch of the first part is compared, the others are new.
    assert calls[0] <= 8 and sum(calls[1:]) == 30 - done
    assert halves.progress.details()["done"] == 30
    same = halves.store.read(halves.request.data_key) == whole.store.read(whole.request.data_key)
    assert same
    assert halves.part_keys() == []


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("output", ["probabilities", "logits"])
def test_a_predict_that_was_changed_does_not_go_on_behind_anothers_parts(
    tmp_path: Path, output: Any
) -> None:
    shard = Shard(tmp_path, [400, 600, 500] * 5)
    with pytest.raises(Interrupted):
        shard.predict(served(output=output), pause=after(9))
    stored = shard.part_keys()

    def changed(waves: NDArray[np.float32]) -> NDArray[np.float32]:
        return features(waves)[:, ::-1]

    with pytest.raises(TeacherChanged, match="otherwise than the attempt .* a new version"):
        shard.predict(served(changed, output=output))
    assert shard.part_keys() == stored
    shard.predict(served(output=output))
    assert shard.part_keys() == []


def test_no_finished_batch_is_predicted_again_however_often_attempts_end(tmp_path: Path) -> None:
    lengths = [400, 600, 500, 700, 450] * 8
    undisturbed = Shard(tmp_path / "undisturbed", lengths)
    result = undisturbed.predict(served())
    shard = Shard(tmp_path / "shard", lengths)
    calls: list[int] = []

    def predict(waves: NDArray[np.float32]) -> NDArray[np.float32]:
        calls.append(len(waves))
        return features(waves)

    attempts = 1
    while True:
        try:
            # Before the part goes on, and behind its next batch.
            again = shard.predict(served(predict), pause=after(1))
            break
        except Interrupted:
            attempts += 1
    assert again == result
    # Ten batches. The last attempt predicts none; each after the first compares one.
    assert attempts == 11 and sum(calls) == 80 + 10 * 8
    assert shard.part_keys() == []


def test_rows_of_other_batches_than_this_workers_are_predicted_again(tmp_path: Path) -> None:
    shard = Shard(tmp_path, [400] * 20)
    with pytest.raises(Interrupted):
        shard.predict(served(batch_size=12), pause=after(2))
    assert shard.progress.details()["done"] == 24
    calls: list[int] = []

    def predict(waves: NDArray[np.float32]) -> NDArray[np.float32]:
        calls.append(len(waves))
        return features(waves)

    shard.predict(served(predict, batch_size=16))
    # Of 24 rows one batch of 16 is whole: it is compared.
    assert calls == [16, 16, 8]


def test_what_predict_raises_keeps_the_rows_before_it(tmp_path: Path) -> None:
    shard = Shard(tmp_path, [400] * 20)
    calls: list[int] = []

    def predict(waves: NDArray[np.float32]) -> NDArray[np.float32]:
        calls.append(len(waves))
        if len(calls) == 4:
            raise MemoryError
        return features(waves)

    with pytest.raises(PredictRaised):
        shard.predict(served(predict))
    shard.predict(served(predict))
    # Three batches, one that fails; one that is compared, and the last two.
    assert calls == [8] * 7


def test_unfinished_rows_of_another_predict_are_refused(tmp_path: Path) -> None:
    shard = Shard(tmp_path, [400] * 20)
    with pytest.raises(Interrupted):
        shard.predict(served(), pause=after(3))

    def changed(waves: NDArray[np.float32]) -> NDArray[np.float32]:
        return features(waves)[:, ::-1]

    with pytest.raises(TeacherChanged, match="rows 0 to 7 otherwise than the attempt"):
        shard.predict(served(changed))


def test_damaged_unfinished_rows_are_predicted_again(tmp_path: Path) -> None:
    shard = Shard(tmp_path, [400] * 20)
    with pytest.raises(Interrupted):
        shard.predict(served(), pause=after(3))
    [part, _] = shard.part_keys()
    path = tmp_path / part
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    shard.predict(served())
    assert shard.progress.details()["done"] == 40
    whole = Shard(tmp_path / "whole", [400] * 20)
    whole.predict(served())
    np.testing.assert_array_equal(shard.outputs(), whole.outputs())


def test_an_attempt_ends_with_its_own_reason_where_its_rows_cannot_be_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Parts, "write_unfinished", full)
    with pytest.raises(Interrupted):
        Shard(tmp_path, [400] * 20).predict(served(), pause=after(3))
    assert "tiny: the rows since the last part are not stored: [Errno 28]" in caplog.text


@pytest.mark.usefixtures("small_parts")
def test_a_damaged_part_is_predicted_again(tmp_path: Path) -> None:
    shard = Shard(tmp_path, [400] * 10)
    with pytest.raises(Interrupted):
        shard.predict(served(), pause=after(3))
    [part, *_] = shard.part_keys()
    path = tmp_path / part
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    shard.predict(served())
    again = Shard(tmp_path / "again", [400] * 10)
    again.predict(served())
    np.testing.assert_array_equal(shard.outputs(), again.outputs())


def test_a_second_call_returns_the_first_ones_result(tmp_path: Path) -> None:
    shard = Shard(tmp_path, [400] * 4)
    first = shard.predict(served())

    def refuse(_: object) -> None:
        raise AssertionError("predicted twice")

    assert shard.predict(served(refuse)) == {**first, "reused": True}


def test_complete_data_without_a_manifest_is_adopted(tmp_path: Path) -> None:
    shard = Shard(tmp_path, [400] * 4)
    others = npy(np.full((8, 3), 0.25, np.float16))
    shard.store.create(shard.request.data_key, others)
    assert shard.predict(served())["sha256"] == sha256(others)
    manifest = shard.manifest()
    assert (manifest["dtype"], manifest["bytes"]) == ("float16", len(others))


@pytest.mark.parametrize(
    "remains",
    [b"", npy(np.zeros((8, 3), np.float32))[:-1], npy(np.zeros((7, 3), np.float32)),
     npy(np.full((8, 3), np.nan, np.float32)), npy(np.full((8, 3), 2, np.float32))],
    ids=["empty", "cut short", "too few rows", "not finite", "no probabilities"],
)  # fmt: skip
def test_unusable_data_without_a_manifest_is_replaced(tmp_path: Path, remains: bytes) -> None:
    shard = Shard(tmp_path, [400] * 4)
    shard.store.create(shard.request.data_key, remains)
    result = shard.predict(served())
    assert sha256(shard.store.read(shard.request.data_key) or b"") == result["sha256"]
    assert np.isfinite(shard.outputs()).all()


def test_a_shard_without_rows_has_outputs_without_rows(tmp_path: Path) -> None:
    shard = Shard(tmp_path, [400], views=0)
    assert shard.predict(served())["rows"] == 0
    assert shard.outputs().shape == (0, 3)


@pytest.mark.parametrize("kind", ["audio", "rows"])
def test_damaged_input_is_named(tmp_path: Path, kind: str) -> None:
    shard = Shard(tmp_path, [400] * 4)
    key = shard.request.audio.key if kind == "audio" else shard.request.rows.key
    path = tmp_path / key
    path.write_bytes(path.read_bytes()[:-1] + b"\x55")
    with pytest.raises(StoreDamaged) as failure:
        shard.predict(served())
    assert failure.value.details == ([{"kind": kind, "key": key}],)


def test_missing_audio_is_named(tmp_path: Path) -> None:
    shard = Shard(tmp_path, [400])
    (tmp_path / shard.request.audio.key).unlink()
    with pytest.raises(StoreDamaged, match="missing"):
        shard.predict(served())


def test_a_file_that_the_teacher_lacks_is_no_damage_of_the_store(tmp_path: Path) -> None:
    def predict(_waves: NDArray[np.float32]) -> Any:
        raise FileNotFoundError("labels.txt")

    with pytest.raises(PredictRaised, match="FileNotFoundError: labels.txt"):
        Shard(tmp_path, [400]).predict(served(predict))


def test_missing_rows_beside_their_audio_are_damage(tmp_path: Path) -> None:
    shard = Shard(tmp_path, [400])
    (tmp_path / shard.request.rows.key).unlink()
    with pytest.raises(StoreDamaged, match="missing"):
        shard.predict(served())


def test_a_worker_that_sees_another_store_says_so_and_is_retried(tmp_path: Path) -> None:
    shard = Shard(tmp_path / "store", [400])
    shard.store = open_store(str(tmp_path / "elsewhere"))
    with pytest.raises(FileNotFoundError, match="check --store"):
        shard.predict(served())
    assert not (tmp_path / "elsewhere").exists()


def test_rows_outside_of_the_audio_are_refused(tmp_path: Path) -> None:
    shard = Shard(tmp_path, [400])
    table = npy(np.array([[0, 0, 0, 100, 400, 0, 0, 0, 0, 0]], np.int64))
    shard.store.replace(shard.request.rows.key, table)
    rows = {"key": shard.request.rows.key, "sha256": sha256(table), "count": 1}
    with pytest.raises(StoreDamaged, match="row 0 lies outside"):
        shard.predict(served(), rows=rows)


def test_another_version_or_other_weights_are_refused(tmp_path: Path) -> None:
    shard = Shard(tmp_path, [400])
    with pytest.raises(TeacherChanged, match="asks for version 2"):
        shard.predict(served(), version="2")
    with pytest.raises(TeacherChanged, match="cdcdcdcdcdcd"):
        shard.predict(served(), weightsSha256="cd" * 32)
    with pytest.raises(TeacherChanged, match="32000 Hz"):
        shard.predict(served(sample_rate=32_000))


def test_a_request_of_another_contract_or_without_a_field_is_refused(tmp_path: Path) -> None:
    shard = Shard(tmp_path, [400])
    with pytest.raises(ContractUnknown, match="contract 2"):
        shard.predict(served(), contract=2)
    with pytest.raises(ContractUnknown, match="has no audio"):
        shard.predict(served(), audio=None)


def test_a_chunk_that_is_too_long_is_named_with_its_remedy(tmp_path: Path) -> None:
    shard = Shard(tmp_path, [16_000, 48_000])
    with pytest.raises(TeacherInvalid, match="row 2 has 3 s.*at most 2 s.*window_seconds"):
        shard.predict(served(longest_seconds=2))


def test_windows_are_averaged_over_a_chunk(tmp_path: Path) -> None:
    shapes: list[tuple[int, ...]] = []

    def first_sample(waves: NDArray[np.float32]) -> NDArray[np.float32]:
        shapes.append(waves.shape)
        return np.repeat(np.abs(waves[:, :1]), 3, axis=1)

    shard = Shard(tmp_path, [400, 1000, 1000], views=1)
    shard.predict(served(first_sample, window_seconds=0.025, batch_size=4))
    audio = shard.audio() / 32768
    starts = [[0], [400, 800, 1000], [1400, 1800, 2000]]
    means = [np.abs(audio[at]).mean() for at in starts]
    np.testing.assert_allclose(shard.outputs()[:, 0], means, rtol=1e-6)
    assert all(shape[0] <= 4 and shape[1] == 400 for shape in shapes)
