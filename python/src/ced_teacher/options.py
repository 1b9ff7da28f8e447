"""The command line of a teacher's worker."""
from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ced_teacher.teacher import Teacher

DESCRIPTION = """Serves a teacher to the distillation pipeline, until SIGTERM or SIGINT: the batch
at hand is finished, for 20 s at most, its finished rows are kept, and another worker goes on.
A second signal ends the process at once.

The server's address, namespace, TLS and API key come from the environment (TEMPORAL_ADDRESS,
TEMPORAL_NAMESPACE, TEMPORAL_TLS_…, TEMPORAL_API_KEY) or Temporal's configuration file; options go
first. Buckets need an extra: pip install 'ced-teacher[gcs]' or 'ced-teacher[s3]'."""


ADDRESS = re.compile(r"([^\s:/\[\]]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}")


@dataclass(frozen=True)
class Options:
    task_queue: str
    store: str | None
    address: str | None
    namespace: str | None
    batch_size: int
    metrics: str | None
    stall_seconds: float


def parse_options(argv: Sequence[str] | None, teacher: Teacher, task_queue: str | None) -> Options:
    parser = argparse.ArgumentParser(
        description=f"Teacher {teacher.name}. {DESCRIPTION}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--task-queue",
        metavar="NAME",
        default=task_queue,
        required=task_queue is None,
        help="the run file's taskQueue" + (f" (default {task_queue})" if task_queue else ""),
    )
    parser.add_argument(
        "--store",
        metavar="ADDRESS",
        help="folder, gs://bucket/prefix or s3://bucket/prefix: where this machine sees the "
        "pipeline's store (default: the address that the pipeline names)",
    )
    parser.add_argument(
        "--address",
        metavar="HOST:PORT",
        type=_address,
        help="the Temporal server (default: the environment's, else localhost:7233)",
    )
    parser.add_argument(
        "--namespace",
        metavar="NAME",
        help='the namespace of the server (default: the environment\'s, else "default")',
    )
    parser.add_argument(
        "--batch-size",
        metavar="N",
        type=_count,
        default=teacher.batch_size,
        help=f"most waves of a call of predict (default {teacher.batch_size})",
    )
    parser.add_argument(
        "--metrics",
        metavar="[HOST:]PORT",
        type=_listen_address,
        help="serves Prometheus metrics, on loopback unless a host is named (default: none)",
    )
    parser.add_argument(
        "--stall-seconds",
        metavar="S",
        type=_seconds,
        default=600.0,
        help="ends the process when no batch is finished for so long (default 600)",
    )
    return Options(**vars(parser.parse_args(argv)))


def _address(text: str) -> str:
    if not ADDRESS.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text}: expected HOST:PORT, such as temporal:7233")
    return text


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected a whole number of at least 1")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text}: expected seconds above 0")
    return value


def _listen_address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text}: expected PORT or HOST:PORT")
    return f"{host or '127.0.0.1'}:{port}"
