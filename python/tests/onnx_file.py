"""Writes small ONNX files without the onnx package: the loudness and the peak of a wave."""
from __future__ import annotations

from typing import Union

FLOAT, FLOAT16 = 1, 10
Dimension = Union[int, str]


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number: int, value: int | str | bytes) -> bytes:
    """A field of a protocol buffer: an integer, a text or a message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value & 0xFFFFFFFFFFFFFFFF)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def value_info(name: str, kind: int, shape: list[Dimension]) -> bytes:
    dims = b"".join(
        field(1, field(1 if isinstance(size, int) else 2, size)) for size in shape
    )
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, dims)))


def attribute(name: str, value: int | list[int]) -> bytes:
    """An integer (type 2) or a list of them (type 7)."""
    if isinstance(value, int):
        return field(5, field(1, name) + field(3, value) + field(20, 2))
    return field(5, field(1, name) + b"".join(field(8, each) for each in value) + field(20, 7))


def node(kind: str, inputs: list[str], output: str, *attributes: bytes) -> bytes:
    names = b"".join(field(1, each) for each in inputs) + field(2, output)
    return field(1, names + field(4, kind) + b"".join(attributes))


def loudness_and_peak(shape: list[Dimension], axis: int, frames: bool, kind: int = FLOAT) -> bytes:
    """A network of two classes.

    :param shape: of its input; `axis` is the one of samples
    :param frames: scores are [2 frames, 2], else [batch, 2]; an embedding comes first
    """
    reduce = (attribute("axes", [axis]), attribute("keepdims", 1))
    nodes = [
        node("Abs", ["wave"], "abs"),
        node("ReduceMean", ["abs"], "loudness", *reduce),
        node("ReduceMax", ["abs"], "peak", *reduce),
        node("Concat", ["loudness", "peak"], "scores", attribute("axis", axis)),
        node("Concat", ["scores", "peak"], "embedding", attribute("axis", axis)),
    ]
    rows = attribute("axis", min(len(shape) - 1, 1))
    nodes.append(node("Flatten", ["scores"], "flat", rows))
    if frames:
        nodes.append(node("Concat", ["flat", "flat"], "frames", attribute("axis", 0)))
    scores = "frames" if frames else "flat"
    graph = b"".join(nodes) + field(2, "graph") + field(11, value_info("wave", kind, shape))
    # outputs of any shape: a type without one
    for name in ("embedding", scores):
        graph += field(12, field(1, name) + field(2, field(1, field(1, kind))))
    return field(1, 8) + field(7, graph) + field(8, field(2, 13))
