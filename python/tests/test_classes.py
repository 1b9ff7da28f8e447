import hashlib
from pathlib import Path

import pytest

from ced_teacher import TeacherInvalid
from ced_teacher.classes import encode_classes, read_classes


def test_audiosets_file_is_read_in_the_order_of_its_indexes(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text('index,mid,display_name\n1,/m/05zppz,"Male speech, man"\n0,/m/09x0r,Speech\n')
    assert read_classes(path) == [("/m/09x0r", "Speech"), ("/m/05zppz", "Male speech, man")]


def test_names_and_pairs_are_classes() -> None:
    mixed = read_classes(["Speech", ("/m/0jbk", "Animal")])
    assert mixed == [("", "Speech"), ("/m/0jbk", "Animal")]


def test_the_stored_list_is_compact_utf_8_named_by_its_hash() -> None:
    text, sha256 = encode_classes(read_classes([("/m/1", "Zikade"), ("", "Käuzchen")]))
    assert text.decode() == '[{"mid":"/m/1","name":"Zikade"},{"mid":"","name":"Käuzchen"}]'
    assert sha256 == hashlib.sha256(text).hexdigest()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("mid,index,display_name\n", "first line"),
        ("index,mid,display_name\n0,/m/1,A\n2,/m/2,B\n", "index 1 is missing"),
        ("index,mid,display_name\n0,/m/1,A\n0,/m/2,B\n", ":3: index 0 occurs twice"),
        ("index,mid,display_name\n0,/m/1\n", ":2: 2 fields"),
        (
            "index,mid,display_name\n0,/m/1,A\n1,/m/1,B\n",
            "MID '/m/1' occurs twice, as class 0 and as class 1",
        ),
        (
            "index,mid,display_name\n1,/m/1,B\n2,/m/2,A\n0,,A\n",
            "name 'A' occurs twice, as class 0 and as class 2",
        ),
        ("index,mid,display_name\n0,/m/1,A\n1,/m/2,\n", "class 1 has no name"),
        ("index,mid,display_name\n", "labels.csv: of classes there are none"),
        ("", "labels.csv: its first line must be index,mid,display_name"),
    ],
)
def test_a_broken_file_is_told_with_its_line(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(text)
    with pytest.raises(TeacherInvalid, match=fault):
        read_classes(path)


@pytest.mark.parametrize(
    ("classes", "fault"),
    [
        (["A", "B", "C", "B"], "the name 'B' occurs twice, as class 1 and as class 3"),
        (
            [("", "A"), ("/m/1", "B"), ("", "C"), ("/m/1", "D")],
            "the MID '/m/1' occurs twice, as class 1 and as class 3",
        ),
        (["A", "B" * 513], "class 1 has a name longer than 512 characters"),
    ],
)
def test_a_list_with_a_class_twice_is_refused(
    classes: "list[str | tuple[str, str]]", fault: str
) -> None:
    with pytest.raises(TeacherInvalid, match=fault):
        read_classes(classes)
