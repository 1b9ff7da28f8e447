"""The classes of a teacher, in the order of its outputs."""
from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import NamedTuple, Union

from ced_teacher.failures import TeacherInvalid

HEADER = ["index", "mid", "display_name"]
# Of a name or a MID, as the pipeline takes them.
LONGEST_NAME = 512

Classes = Union[str, "PathLike[str]", Iterable[Union[str, tuple[str, str]]]]


class TeacherClass(NamedTuple):
    """`mid` is AudioSet's machine id such as `/m/09x0r`, empty where the class has none."""

    mid: str
    name: str


def read_classes(classes: Classes) -> list[TeacherClass]:
    """
    :param classes: a CSV file with AudioSet's columns (index,mid,display_name), or names, or
        (mid, name) pairs
    :raises TeacherInvalid: what is wrong with them
    """
    source = "classes"
    if isinstance(classes, (str, PathLike)):
        source = str(classes)
        found = _read_csv(Path(classes))
    else:
        found = [
            TeacherClass("", each.strip()) if isinstance(each, str) else TeacherClass(*each)
            for each in classes
        ]
    if not found:
        raise TeacherInvalid(f"{source}: of classes there are none")
    for index, (mid, name) in enumerate(found):
        if name == "":
            raise TeacherInvalid(f"{source}: class {index} has no name")
        if max(len(mid), len(name)) > LONGEST_NAME:
            raise TeacherInvalid(
                f"{source}: class {index} has a name longer than {LONGEST_NAME} characters"
            )
    _refuse_repeats(source, "name", [name for _, name in found])
    _refuse_repeats(source, "MID", [mid for mid, _ in found])
    return found


def encode_classes(classes: list[TeacherClass]) -> tuple[bytes, str]:
    """The stored form of a class list, and its SHA-256."""
    entries = [{"mid": mid, "name": name} for mid, name in classes]
    text = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()
    return text, hashlib.sha256(text).hexdigest()


def _read_csv(path: Path) -> list[TeacherClass]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = [[field.strip() for field in row] for row in csv.reader(file) if row]
    header, records = lines[:1], lines[1:]
    if header != [HEADER]:
        raise TeacherInvalid(f"{path}: its first line must be {','.join(HEADER)}")
    by_index: dict[str, TeacherClass] = {}
    for line, record in enumerate(records, 2):
        if len(record) != len(HEADER):
            raise TeacherInvalid(f"{path}:{line}: {len(record)} fields instead of {len(HEADER)}")
        index, mid, name = record
        if index in by_index:
            raise TeacherInvalid(f"{path}:{line}: index {index} occurs twice")
        by_index[index] = TeacherClass(mid, name)
    missing = next((str(at) for at in range(len(records)) if str(at) not in by_index), None)
    if missing is not None:
        raise TeacherInvalid(
            f"{path}: index {missing} is missing; {len(records)} classes are 0 to "
            f"{len(records) - 1}"
        )
    return [by_index[str(at)] for at in range(len(records))]


def _refuse_repeats(source: str, what: str, values: list[str]) -> None:
    """Of empty values any number may occur."""
    known: dict[str, int] = {}
    for index, value in enumerate(values):
        first = known.setdefault(value, index)
        if value != "" and first != index:
            raise TeacherInvalid(
                f"{source}: the {what} {value!r} occurs twice, as class {first} and as class "
                f"{index}"
            )
