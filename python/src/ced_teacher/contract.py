"""Requests and results of the two activities, version 1 of the contract (docs/teachers.md)."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from ced_teacher.failures import ContractUnknown

CONTRACT = 1

# Columns of the rows file, int64 [rows, 10].
CLIP, CHUNK, VIEW, OFFSET, SAMPLES, SHIFT = range(6)
MASKS = slice(6, 10)
COLUMNS = 10


Dtype = Literal["float32", "float16"]


class ClassList(TypedDict):
    key: str
    sha256: str
    count: int


class TeacherDescription(TypedDict):
    contract: int
    name: str
    version: str
    weightsSha256: str
    parameters: int | None
    classes: ClassList
    sampleRate: int
    longestSeconds: float | None
    output: str
    masks: bool


class OutputManifest(TypedDict):
    contract: int
    version: str
    weightsSha256: str
    audio: str
    rowsSha256: str
    rows: int
    classes: int
    dtype: Dtype
    output: str
    bytes: int
    sha256: str
    seconds: float


class PredictedShard(TypedDict):
    rows: int
    bytes: int
    sha256: str
    reused: bool


@dataclass(frozen=True)
class StoredFile:
    key: str
    sha256: str


@dataclass(frozen=True)
class ShardRequest:
    store: str
    version: str
    weights_sha256: str
    audio: StoredFile
    sample_rate: int
    rows: StoredFile
    count: int
    data_key: str
    manifest_key: str


def store_of(request: Any) -> str:
    """The store's address in a request to describe the teacher."""
    _refuse_other_contract(request)
    return _text(request, "store")


def shard_request(request: Any) -> ShardRequest:
    """:raises ContractUnknown: for another version, or a field that is missing"""
    _refuse_other_contract(request)
    audio, rows, output = (_mapping(request, name) for name in ("audio", "rows", "output"))
    return ShardRequest(
        store=_text(request, "store"),
        version=_text(request, "version"),
        weights_sha256=_text(request, "weightsSha256"),
        audio=StoredFile(_text(audio, "key"), _text(audio, "sha256")),
        sample_rate=_number(audio, "sampleRate"),
        rows=StoredFile(_text(rows, "key"), _text(rows, "sha256")),
        count=_number(rows, "count"),
        data_key=_text(output, "data"),
        manifest_key=_text(output, "manifest"),
    )


def _refuse_other_contract(request: Any) -> None:
    version = request.get("contract") if isinstance(request, Mapping) else None
    if version != CONTRACT:
        raise ContractUnknown(
            f"the request is of contract {version}, and this worker knows {CONTRACT}: install "
            "the ced-teacher of the pipeline's version"
        )


def _mapping(request: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = request.get(name)
    if not isinstance(value, Mapping):
        raise ContractUnknown(f"the request has no {name}")
    return value


def _text(request: Mapping[str, Any], name: str) -> str:
    value = request.get(name)
    if not isinstance(value, str) or value == "":
        raise ContractUnknown(f"the request has no {name}")
    return value


def _number(request: Mapping[str, Any], name: str) -> int:
    value = request.get(name)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ContractUnknown(f"the request has no number {name}")
    return value
