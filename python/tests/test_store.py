import os
import stat
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ced_teacher.store import Store, open_store
from shards import BUCKETS



def opened(address: str, tmp_path: Path) -> Store:
    if address == "folder":
        return open_store(str(tmp_path / "store"))
    return open_store(f"{address}/{uuid.uuid4()}")


@pytest.fixture(params=["folder", "memory://", *BUCKETS])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return opened(request.param, tmp_path)


@pytest.fixture(params=["folder", *BUCKETS])
def shared_store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A store of several writers, unlike fsspec's memory."""
    return opened(request.param, tmp_path)


def test_an_object_is_created_once(store: Store) -> None:
    assert store.read("a/b.npy") is None and not store.exists("a/b.npy")
    assert store.create("a/b.npy", b"first")
    assert store.exists("a/b.npy")
    assert not store.create("a/b.npy", b"second")
    assert store.read("a/b.npy") == b"first"


def test_an_object_can_be_replaced_listed_and_removed(store: Store) -> None:
    assert store.list("a") == []
    store.create("a/b", b"first")
    store.replace("a/b", b"second")
    store.create("a/c", b"third")
    assert store.read("a/b") == b"second"
    assert store.list("a") == ["a/b", "a/c"]
    store.remove("a/b")
    store.remove("a/b")
    assert store.list("a") == ["a/c"]


def test_an_object_has_a_local_file(store: Store) -> None:
    store.create("a/b", b"bytes")
    with store.local_file("a/b") as path:
        assert path.read_bytes() == b"bytes"


@pytest.mark.parametrize("key", ["/etc/passwd", "../b", "a/../../b", "a//b", "a\\..\\b", ""])
def test_a_key_that_leaves_the_store_is_refused(store: Store, key: str) -> None:
    with pytest.raises(ValueError, match="must stay below"):
        store.create(key, b"")


def test_of_many_writers_one_creates(shared_store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        created = list(
            pool.map(lambda at: shared_store.create("a/b", bytes([at]) * 9999), range(16))
        )
    assert created.count(True) == 1
    assert shared_store.read("a/b") == bytes([created.index(True)]) * 9999
    assert shared_store.list("a") == ["a/b"]


@pytest.mark.parametrize(("shared", "file", "folder"), [("", 0o600, 0o700), ("1", 0o640, 0o750)])
def test_files_are_their_owners_unless_the_store_is_shared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared: str, file: int, folder: int
) -> None:
    monkeypatch.setenv("CED_SHARED_STORE", shared)
    before = os.umask(0o027)
    try:
        open_store(str(tmp_path / "store")).create("a/b", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "store/a/b").stat().st_mode) == file
    assert stat.S_IMODE((tmp_path / "store/a").stat().st_mode) == folder
