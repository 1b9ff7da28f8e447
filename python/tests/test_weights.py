import hashlib
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ced_teacher import TeacherInvalid
from ced_teacher.weights import hash_weights, probe_sounds
from shards import SHA256, features, served


def test_a_file_has_the_hash_of_its_bytes_whatever_its_name(tmp_path: Path) -> None:
    one, two = tmp_path / "one.pt", tmp_path / "two.pt"
    one.write_bytes(b"weights")
    two.write_bytes(b"weights")
    assert hash_weights(one) == hash_weights(str(two)) == hashlib.sha256(b"weights").hexdigest()


def test_a_folder_stands_for_its_files_in_order(tmp_path: Path) -> None:
    for name in ("b.bin", "a.bin"):
        (tmp_path / name).write_bytes(name.encode())
    both = hash_weights(tmp_path)
    assert both == hash_weights([tmp_path / "a.bin", tmp_path / "b.bin"])
    assert both != hash_weights([tmp_path / "b.bin", tmp_path / "a.bin"])


def test_a_hash_or_a_function_may_stand_for_weights() -> None:
    assert hash_weights(SHA256.upper()) == SHA256
    assert hash_weights(lambda: SHA256) == SHA256
    assert hash_weights(lambda: b"bytes") == hashlib.sha256(b"bytes").hexdigest()
    with pytest.raises(TeacherInvalid, match="64 hex digits"):
        hash_weights(lambda: "v2")
    with pytest.raises(FileNotFoundError):
        hash_weights("missing.pt")


def test_without_weights_the_answers_are_hashed_and_a_warning_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def hash_of(change: float) -> str:
        def predict(waves: NDArray[np.float32]) -> Any:
            return features(waves) + np.float32(change)

        return served(predict, weights=None, output="logits").weights_sha256

    assert hash_of(0) == hash_of(1e-6)
    assert hash_of(0) != hash_of(0.5)
    assert "no weights are named" in caplog.text


def test_the_answers_are_asked_for_on_the_thread_that_predicts_shards() -> None:
    asked: list[str] = []

    def predict(waves: NDArray[np.float32]) -> Any:
        asked.append(threading.current_thread().name)
        return features(waves)

    by = served(predict, weights=None)
    assert asked == [by.thread.submit(lambda: threading.current_thread().name).result()]


def test_the_probe_sounds_are_the_same_everywhere() -> None:
    sounds = probe_sounds(16_000)
    assert sounds.shape == (4, 32_000)
    np.testing.assert_allclose(np.abs(sounds).max(axis=1), 0.25, atol=1e-4)
    np.testing.assert_allclose(sounds[2, :3], [-0.02882506, -0.18077457, -0.0019816], rtol=1e-5)
