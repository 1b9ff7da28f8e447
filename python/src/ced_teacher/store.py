"""The pipeline's store: a folder, or a bucket through fsspec. Objects are created, never changed.

A reader sees a whole object or none. Files and folders are their owner's alone, as the pipeline's
are, unless CED_SHARED_STORE=1 leaves that to the umask.
"""
from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import fsspec

TEMPORARY = ".writing-"


class Store(Protocol):
    def read(self, key: str) -> bytes | None:
        """The object, or None where there is none."""

    def exists(self, key: str) -> bool: ...

    def create(self, key: str, data: bytes) -> bool:
        """Writes an object; False where there is one already, which stays as it is."""

    def replace(self, key: str, data: bytes) -> None:
        """Writes an object over a damaged one."""

    def list(self, prefix: str) -> list[str]:
        """The keys in a folder."""

    def remove(self, key: str) -> None:
        """Removes an object, if it is there."""

    def local_file(self, key: str) -> Any:
        """A context that yields the path of a local file with the object's bytes.

        :raises FileNotFoundError: where there is none
        """


def open_store(address: str) -> Store:
    """:param address: a folder, `gs://bucket/prefix`, `s3://bucket/prefix` or what fsspec knows"""
    return BucketStore(address) if "://" in address else FolderStore(Path(address))


class FolderStore:
    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        shared = os.environ.get("CED_SHARED_STORE") == "1"
        self.file_mode, self.folder_mode = (0o666, 0o777) if shared else (0o600, 0o700)

    def read(self, key: str) -> bytes | None:
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def exists(self, key: str) -> bool:
        return self._path(key).is_file()

    def create(self, key: str, data: bytes) -> bool:
        with self._written_beside(key, data) as (temporary, target):
            try:
                os.link(temporary, target)
            except FileExistsError:
                return False
        _sync_folder(target.parent)
        return True

    def replace(self, key: str, data: bytes) -> None:
        with self._written_beside(key, data) as (temporary, target):
            os.replace(temporary, target)
        _sync_folder(target.parent)

    def list(self, prefix: str) -> list[str]:
        try:
            names = sorted(os.listdir(self._path(prefix)))
        except (FileNotFoundError, NotADirectoryError):
            return []
        return [f"{prefix}/{name}" for name in names if not name.startswith(TEMPORARY)]

    def remove(self, key: str) -> None:
        path = self._path(key)
        path.unlink(missing_ok=True)
        # the folder of a shard's parts goes with the last of them
        with suppress(OSError):
            path.parent.rmdir()

    @contextmanager
    def local_file(self, key: str) -> Iterator[Path]:
        yield self._path(key)

    def _path(self, key: str) -> Path:
        return self.folder / _checked_key(key)

    @contextmanager
    def _written_beside(self, key: str, data: bytes) -> Iterator[tuple[Path, Path]]:
        target = self._path(key)
        temporary = target.with_name(f"{TEMPORARY}{os.getpid()}-{uuid.uuid4()}")
        self._make_folder(target.parent)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            with os.fdopen(os.open(temporary, flags, self.file_mode), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            yield temporary, target
        finally:
            temporary.unlink(missing_ok=True)

    def _make_folder(self, folder: Path) -> None:
        """Parents too get the store's mode, which `mkdir(parents=True)` would not give them."""
        if not folder.is_dir():
            self._make_folder(folder.parent)
            folder.mkdir(self.folder_mode, exist_ok=True)


class BucketStore:
    """Conditional writes are those of fsspec's `mode="create"`: If-None-Match of S3,
    ifGenerationMatch=0 of Google Cloud Storage."""

    def __init__(self, address: str) -> None:
        options: dict[str, Any] = {}
        # botocore reads AWS_DEFAULT_REGION alone, Amazon's other clients AWS_REGION first.
        if address.startswith("s3://") and os.environ.get("AWS_REGION"):
            options["client_kwargs"] = {"region_name": os.environ["AWS_REGION"]}
        # A listing that is kept does not show what others write.
        self.system, root = fsspec.core.url_to_fs(address, use_listings_cache=False, **options)
        self.root = str(root).rstrip("/")

    def read(self, key: str) -> bytes | None:
        try:
            return bytes(self.system.cat_file(self._path(key)))
        except FileNotFoundError:
            return None

    def exists(self, key: str) -> bool:
        return bool(self.system.exists(self._path(key)))

    def create(self, key: str, data: bytes) -> bool:
        try:
            self.system.pipe_file(self._path(key), data, mode="create")
        except FileExistsError:
            return False
        return True

    def replace(self, key: str, data: bytes) -> None:
        self.system.pipe_file(self._path(key), data)

    def list(self, prefix: str) -> list[str]:
        try:
            found = self.system.ls(self._path(prefix), detail=False)
        except FileNotFoundError:
            return []
        names = sorted(PurePosixPath(path).name for path in found)
        return [f"{prefix}/{name}" for name in names]

    def remove(self, key: str) -> None:
        with suppress(FileNotFoundError):
            self.system.rm_file(self._path(key))

    @contextmanager
    def local_file(self, key: str) -> Iterator[Path]:
        with TemporaryDirectory(prefix="ced-teacher-") as folder:
            path = Path(folder) / "object"
            self.system.get_file(self._path(key), str(path))
            yield path

    def _path(self, key: str) -> str:
        return f"{self.root}/{_checked_key(key)}"


def _checked_key(key: str) -> str:
    """Keys come in requests: one that leaves the store is refused."""
    if "\\" in key or any(part in ("", ".", "..") for part in key.split("/")):
        raise ValueError(f"{key!r}: a key must stay below the store's address")
    return key


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
