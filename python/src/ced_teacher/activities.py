"""The two activities of the contract. The teacher runs on one thread, heartbeats beside it."""
from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import activity
from temporalio.exceptions import ApplicationError

from ced_teacher.contract import PredictedShard, TeacherDescription, shard_request, store_of
from ced_teacher.failures import PermanentFailure
from ced_teacher.progress import Progress
from ced_teacher.served_teacher import ServedTeacher
from ced_teacher.shard import ShardJob
from ced_teacher.store import Store, open_store

log = logging.getLogger("ced_teacher")

HEARTBEAT_SECONDS = 2.0
# A worker that is stopped polls no longer: the next attempt finds another one.
HAND_OVER_DELAY = timedelta(seconds=1)
# The server limits failures, and keeps a run's last one.
LONGEST_MESSAGE = 2000

Result = TypeVar("Result")


class _Ended(Exception):
    """The attempt was cancelled, or the worker is stopping."""


class TeacherActivities:
    """
    :param store: address that replaces the one in requests; None: theirs
    :param stall_seconds: without a finished batch for this long the process ends: a thread that
        hangs in a driver cannot be interrupted, and its shard goes to another worker
    """

    def __init__(self, served: ServedTeacher, store: str | None, stall_seconds: float) -> None:
        self.served, self.store, self.stall_seconds = served, store, stall_seconds
        self.stopping = threading.Event()

    @activity.defn(name="describeTeacher")
    async def describe_teacher(self, request: Any) -> TeacherDescription:
        def describe() -> TeacherDescription:
            return self.served.describe(self._open(store_of(request)))

        return await asyncio.to_thread(with_types, describe)

    @activity.defn(name="predictShard")
    async def predict_shard(self, request: Any) -> PredictedShard:
        progress, cancelled = Progress(), threading.Event()

        def pause() -> None:
            if cancelled.is_set() or self.stopping.is_set():
                raise _Ended

        def predict() -> PredictedShard:
            parsed = shard_request(request)
            job = ShardJob(self.served, self._open(parsed.store), parsed, progress, pause)
            return job.run()

        running = asyncio.get_running_loop().run_in_executor(
            self.served.thread, with_types, predict
        )
        try:
            while not running.done():
                self._end_where_stalled(progress)
                activity.heartbeat(progress.details())
                await asyncio.wait({running}, timeout=HEARTBEAT_SECONDS)
            result = running.result()
        except asyncio.CancelledError:
            # The thread goes on to the end of its batch; nothing else may use the network before.
            cancelled.set()
            log.info("%s: cancelled, stopping behind the batch at hand", self.served.teacher.name)
            while not running.done():
                self._end_where_stalled(progress)
                await asyncio.wait({running}, timeout=HEARTBEAT_SECONDS)
            running.exception()
            raise
        except _Ended:
            raise ApplicationError(
                "the worker was told to stop: another one goes on behind the parts that are stored",
                progress.details(),
                type="WorkerStopping",
                next_retry_delay=HAND_OVER_DELAY,
            ) from None
        self._count(progress)
        return result

    def _end_where_stalled(self, progress: Progress) -> None:
        if progress.seconds_without_progress() > self.stall_seconds:
            log.critical(
                "%s: no batch was finished for %g s; this process ends, and its supervisor may "
                "start it again",
                self.served.teacher.name,
                self.stall_seconds,
            )
            os._exit(70)

    def _count(self, progress: Progress) -> None:
        meter = activity.metric_meter().with_additional_attributes(
            {"teacher": self.served.teacher.name}
        )
        details = progress.details()
        meter.create_counter("ced_teacher_rows", "Rows in finished shards").add(details["done"])
        meter.create_gauge_float(
            "ced_teacher_rows_per_second", "Rows a second of the last shard"
        ).set(details["perSecond"])

    def _open(self, address: str) -> Store:
        return open_store(address if self.store is None else self.store)


def with_types(work: Callable[[], Result]) -> Result:
    """Tells the server which failures no retry can cure, in texts that it takes."""
    try:
        return work()
    except PermanentFailure as failure:
        raise ApplicationError(
            _shortened(failure), *failure.details, type=type(failure).__name__, non_retryable=True
        ) from None
    except _Ended:
        raise
    except Exception as failure:
        log.exception("the attempt failed and is retried")
        # Its traceback stays in the log: it may hold a batch.
        raise ApplicationError(_shortened(failure), type=type(failure).__name__) from None


def _shortened(failure: Exception) -> str:
    text = str(failure)
    return text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]}…"
