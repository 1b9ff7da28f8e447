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
from ced_teacher.failures import PermanentFailure, TeacherInvalid
from ced_teacher.predict_failure import (
    SAME_FAILURES,
    FailuresSoFar,
    PredictRaised,
    failures_so_far,
    one_more,
)
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
        # Ends attempts between two batches.
        self.stopping = threading.Event()
        # Ends them at once: the process ends behind it, with the thread that predicts.
        self.abandoned = asyncio.Event()

    @activity.defn(name="describeTeacher")
    async def describe_teacher(self, request: Any) -> TeacherDescription:
        def describe() -> TeacherDescription:
            return self.served.describe(self._open(store_of(request)))

        return await asyncio.to_thread(with_types, describe)

    @activity.defn(name="predictShard")
    async def predict_shard(self, request: Any) -> PredictedShard:
        progress, cancelled = Progress(), threading.Event()
        info = activity.info()
        # Of the pipeline's calls it names teacher, split and shard.
        shard = info.activity_id
        so_far = failures_so_far(info.heartbeat_details)

        def pause() -> None:
            if cancelled.is_set() or self.stopping.is_set():
                raise _Ended

        def predict() -> PredictedShard:
            parsed = shard_request(request)
            log.info("%s: begins, %s", shard, _rows(parsed.count))
            job = ShardJob(self.served, self._open(parsed.store), parsed, progress, pause)
            return job.run()

        running = asyncio.get_running_loop().run_in_executor(
            self.served.thread, with_types, predict
        )
        abandoned = asyncio.create_task(self.abandoned.wait())
        try:
            while not running.done():
                if abandoned.done():
                    raise _Ended
                self._end_where_stalled(progress)
                _beat(progress, so_far)
                await _first_of(running, abandoned)
            result = running.result()
        except asyncio.CancelledError:
            # The thread goes on to the end of its batch; nothing else may use the network before.
            cancelled.set()
            log.info("%s: cancelled, stopping behind the batch at hand", shard)
            while not running.done() and not abandoned.done():
                self._end_where_stalled(progress)
                await _first_of(running, abandoned)
            if running.done():
                running.exception()
            raise
        except PredictRaised as failure:
            counted = one_more(failure, so_far)
            _beat(progress, counted)
            raise _of_predict(failure, counted["times"], shard) from None
        except _Ended:
            details = progress.details()
            done, total = details["done"], _rows(details["total"])
            log.info("%s: stopped with %s of %s", shard, f"{done:,}", total)
            raise ApplicationError(
                "the worker was told to stop: another one goes on behind the parts that are stored",
                progress.details(),
                type="WorkerStopping",
                next_retry_delay=HAND_OVER_DELAY,
            ) from None
        finally:
            abandoned.cancel()
        self._count(progress)
        if result["reused"]:
            log.info("%s: done before", shard)
        else:
            rate = progress.details()["perSecond"]
            log.info("%s: done, %s, %.4g rows/s", shard, _rows(result["rows"]), rate)
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


async def _first_of(running: asyncio.Future[Any], abandoned: asyncio.Task[Any]) -> None:
    await asyncio.wait(
        {running, abandoned}, timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED
    )


def _beat(progress: Progress, so_far: FailuresSoFar | None) -> None:
    further = () if so_far is None else (so_far,)
    activity.heartbeat(progress.details(), *further)


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def _of_predict(failure: PredictRaised, times: int, shard: str) -> ApplicationError:
    """Of the worker's log and the run, which shows one line of it."""
    if failure.may_pass:
        log.warning("%s: predict raised %s; the shard is retried", shard, failure)
        return ApplicationError(f"{failure}, which may pass", type="PredictFailed")
    told = f"{failure}, failure {times} of {SAME_FAILURES}"
    if times < SAME_FAILURES:
        log.warning(
            "%s: predict raised %s; the shard is retried%s",
            shard,
            told,
            f"\n{failure.log_text()}" if times == 1 else "",
        )
        return ApplicationError(told, type="PredictFailed")
    log.error("%s: predict raised %s, so the run ends\n%s", shard, told, failure.log_text())
    # As TeacherInvalid: the contract names those that end a run.
    return ApplicationError(
        f"predict raised {failure}, {times} times: fix it, restart its workers and start the run "
        "again, which goes on from what is stored; the traceback is in the worker's log",
        type=TeacherInvalid.__name__,
        non_retryable=True,
    )


def with_types(work: Callable[[], Result]) -> Result:
    """Tells the server which failures no retry can cure, in texts that it takes."""
    try:
        return work()
    except PermanentFailure as failure:
        log.error("the shard fails for good: %s: %s", type(failure).__name__, _shortened(failure))
        raise ApplicationError(
            _shortened(failure), *failure.details, type=type(failure).__name__, non_retryable=True
        ) from None
    except (_Ended, PredictRaised):
        raise
    except Exception as failure:
        # Its traceback stays in the log: it may hold a batch. A system's error says all.
        log.warning(
            "the attempt failed and is retried: %s: %s",
            type(failure).__name__,
            _shortened(failure),
            exc_info=not isinstance(failure, OSError),
        )
        raise ApplicationError(_shortened(failure), type=type(failure).__name__) from None


def _shortened(failure: Exception) -> str:
    text = str(failure)
    return text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]}…"
