from pathlib import Path
from typing import Any

import pytest

from ced_teacher import Teacher, TeacherInvalid
from ced_teacher.options import parse_options
from ced_teacher.store import open_store
from shards import SHA256, served, teacher


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"sample_rate": 16}, "sample_rate"),
        ({"batch_size": 0}, "batch_size"),
        ({"output": "scores"}, "output"),
        ({"window_seconds": 0}, "window_seconds"),
        ({"hop_seconds": 1.0}, "goes with window_seconds"),
        ({"window_seconds": 1.0, "hop_seconds": 1.5}, "would pass over audio"),
        ({"pad": "reflect"}, "pad"),
        ({"masks": True, "window_seconds": 1.0}, "masks: cannot go with window_seconds"),
        ({"predict": None}, "predict"),
    ],
)
def test_a_field_that_cannot_be_is_told(fields: dict[str, Any], fault: str) -> None:
    with pytest.raises(TeacherInvalid, match=fault):
        teacher(**fields)


def test_a_teacher_describes_itself_and_stores_its_classes(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    by = served(sample_rate=32_000, longest_seconds=10, parameters=5, version="7", output="logits")
    description = by.describe(store)
    assert by.describe(store) == description
    classes = description["classes"]
    assert store.read(classes["key"]) == (
        b'[{"mid":"","name":"loud"},{"mid":"","name":"bright"},{"mid":"","name":"sudden"}]'
    )
    assert classes["key"] == f"teachers/classes/{classes['sha256']}.json"
    assert {**description, "classes": classes["count"]} == {
        "contract": 1,
        "name": "tiny",
        "version": "7",
        "weightsSha256": SHA256,
        "parameters": 5,
        "classes": 3,
        "sampleRate": 32_000,
        "longestSeconds": 10,
        "output": "logits",
        "masks": False,
    }


def test_the_readmes_teacher_needs_four_fields() -> None:
    Teacher(name="beats", classes="labels.csv", sample_rate=16000, predict=lambda waves: waves)


def test_options_go_before_what_the_program_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert parse_options([], "beats", "teacher-beats").task_queue == "teacher-beats"
    argv = "--task-queue q --store gs://b/p --batch-size 4 --metrics 9464".split()
    options = parse_options(argv, "beats", "teacher-beats")
    assert (options.task_queue, options.store, options.batch_size) == ("q", "gs://b/p", 4)
    assert options.metrics == "127.0.0.1:9464"
    assert parse_options(["--metrics", "0.0.0.0:1"], "b", "q").metrics == "0.0.0.0:1"
    for wrong in (["--batch-size", "0"], ["--metrics", "x"], ["--stor", "a"]):
        with pytest.raises(SystemExit):
            parse_options(wrong, "beats", "q")
    with pytest.raises(SystemExit):
        parse_options([], "beats", None)
    assert "--task-queue" in capsys.readouterr().err
