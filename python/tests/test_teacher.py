import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from ced_teacher import Teacher, TeacherInvalid
from ced_teacher.options import parse_options
from ced_teacher.store import open_store
from shards import SHA256, served, teacher

BEATS = teacher(name="beats")


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"sample_rate": 16}, "sample_rate"),
        ({"sample_rate": "16000"}, "sample_rate"),
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": None}, "batch_size"),
        ({"longest_seconds": "10"}, "longest_seconds"),
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
    assert parse_options([], BEATS, "teacher-beats").task_queue == "teacher-beats"
    argv = "--task-queue q --store gs://b/p --batch-size 4 --metrics 9464".split()
    options = parse_options(argv, BEATS, "teacher-beats")
    assert (options.task_queue, options.store, options.batch_size) == ("q", "gs://b/p", 4)
    assert options.metrics == "127.0.0.1:9464"
    assert parse_options(["--metrics", "0.0.0.0:1"], BEATS, "q").metrics == "0.0.0.0:1"
    for wrong in (
        ["--batch-size", "0"],
        ["--batch-size", "few"],
        ["--metrics", "x"],
        ["--stall-seconds", "0"],
        ["--stor", "a"],
    ):
        with pytest.raises(SystemExit):
            parse_options(wrong, BEATS, "q")
    with pytest.raises(SystemExit):
        parse_options([], BEATS, None)
    errors = capsys.readouterr().err
    assert "--task-queue" in errors
    assert "few: expected a whole number of at least 1" in errors


def test_the_help_names_every_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_options(["--help"], teacher(batch_size=24), "teacher-beats")
    told = " ".join(capsys.readouterr().out.split())
    options = ["teacher-beats", "the address", "the environment's, else localhost:7233"]
    for default in [*options, 'the environment\'s, else "default"', "24", "none", "600"]:
        assert re.search(rf"\(default:? {re.escape(default)}", told), default


def program(text: str) -> tuple[int, str]:
    """Runs it; returns its status and what it wrote to standard error."""
    path = os.pathsep.join([str(Path(__file__).parents[1] / "src"), *sys.path])
    environment = {**os.environ, "PYTHONPATH": path}
    command = [sys.executable, "-c", textwrap.dedent(text)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    return done.returncode, done.stderr


def test_a_programs_mistake_is_one_line() -> None:
    assert program(
        """
        from ced_teacher import Teacher
        Teacher(name="beats", classes=["a"], sample_rate=16, predict=len)
        """
    ) == (1, "error: Teacher('beats'): sample_rate: expected 1,000 to 384,000 Hz, a whole number\n")


@pytest.mark.parametrize("field", ["classes", "weights"])
def test_a_file_that_is_not_there_is_one_line(field: str) -> None:
    fields = {"classes": "'labels.csv'" if field == "classes" else "['a']", "weights": "'a.pt'"}
    status, told = program(
        f"""
        from ced_teacher import Teacher, serve
        serve(
            Teacher("beats", {fields["classes"]}, 16000, len, weights={fields["weights"]}),
            task_queue="q",
            argv=[],
        )
        """
    )
    assert status == 1
    assert re.fullmatch(
        r"error: beats: (labels\.csv|a\.pt): No such file or directory; a relative path starts "
        r"from the current folder, .*\n",
        told,
    )


def test_a_predict_that_raises_at_the_start_is_told_with_its_line() -> None:
    status, told = program(
        """
        from ced_teacher import Teacher, serve
        def predict(waves):
            return waves.missing
        serve(Teacher("beats", ["a"], 16000, predict), task_queue="q", argv=[])
        """
    )
    assert status == 1
    assert told.splitlines()[-1] == (
        "error: beats: predict raised AttributeError: 'numpy.ndarray' object has no attribute "
        "'missing' (<string>, line 4) for the fixed sounds that stand for the weights: fix it"
    )
    assert "ced_teacher" not in told
