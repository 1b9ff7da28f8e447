"""A worker process, asked over a real server as the pipeline does."""
from __future__ import annotations

import asyncio
import re
import signal
import urllib.request
import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from conftest import TinyWorker, free_port
from shards import SHA256, Shard, served

# Two parts: a hold in batch 40 is in the second one.
CLIPS, PART_ROWS, HELD_BATCH, BATCH = 1500, 2048, 40, 64
# Rows of the attempt after one that was killed in the held batch, and after one that ended behind
# it: a stored batch is compared, the others are new.
BEHIND_PART = BATCH + 3000 - PART_ROWS
BEHIND_BATCH = BATCH + 3000 - HELD_BATCH * BATCH


@workflow.defn
class Ask:
    @workflow.run
    async def run(self, activity: str, request: Any) -> Any:
        return await workflow.execute_activity(
            activity,
            request,
            task_queue="teacher-tiny",
            # No machine is so slow: the tests tell the server that a worker has gone.
            heartbeat_timeout=timedelta(minutes=5),
            start_to_close_timeout=timedelta(minutes=10),
            retry_policy=RetryPolicy(
                initial_interval=timedelta(milliseconds=50), maximum_interval=timedelta(seconds=1)
            ),
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        )


@pytest.fixture
def shard(tmp_path: Path) -> Shard:
    return Shard(tmp_path / "store", [400] * CLIPS)


Workers = Callable[..., TinyWorker]


def asked(server: str, during: Callable[[Client, str], Awaitable[None]]) -> None:
    """Runs a worker of the workflow above around `during(client, task queue)`."""

    async def run() -> None:
        client = await Client.connect(server)
        queue = f"ask-{uuid.uuid4()}"
        runner = UnsandboxedWorkflowRunner()
        async with Worker(client, task_queue=queue, workflows=[Ask], workflow_runner=runner):
            await during(client, queue)

    asyncio.run(run())


async def start(
    client: Client, queue: str, activity: str, request: Any
) -> WorkflowHandle[Any, Any]:
    return await client.start_workflow(
        Ask.run, args=[activity, request], id=str(uuid.uuid4()), task_queue=queue
    )


async def pending(handle: WorkflowHandle[Any, Any]) -> Any:
    description: DescribeWorkflowExecutionResponse = (await handle.describe()).raw_description
    return description.pending_activities[0]


async def give_up(client: Client, handle: WorkflowHandle[Any, Any]) -> None:
    """As the server does when the heartbeats of a worker do not come any more."""
    activity = client.get_async_activity_handle(
        workflow_id=handle.id, run_id=handle.first_execution_run_id, activity_id="1"
    )
    await activity.fail(RuntimeError("no heartbeat"))


def undisturbed(tmp_path: Path) -> bytes:
    shard = Shard(tmp_path / "undisturbed", [400] * CLIPS)
    shard.predict(served(batch_size=BATCH))
    return shard.store.read(shard.request.data_key) or b""


def told_by(worker: TinyWorker) -> list[str]:
    """Its log, without the times."""
    lines = worker.errors.read_text().splitlines()
    return [re.sub(r"^\S+ \S+ ", "", line) for line in lines]


def test_a_worker_describes_its_teacher_and_predicts_a_shard_once(
    server: str, worker: Workers, shard: Shard, tmp_path: Path
) -> None:
    port = free_port()
    serving = worker("--metrics", str(port)).start()

    async def during(client: Client, queue: str) -> None:
        request = {"contract": 1, "store": "elsewhere"}
        description = await (await start(client, queue, "describeTeacher", request)).result()
        assert (description["weightsSha256"], description["classes"]["count"]) == (SHA256, 3)
        first = await (await start(client, queue, "predictShard", shard.raw)).result()
        again = await (await start(client, queue, "predictShard", shard.raw)).result()
        assert (first["rows"], first["reused"], again) == (3000, False, {**first, "reused": True})

    asked(server, during)
    assert shard.store.read(shard.request.data_key) == undisturbed(tmp_path)
    assert serving.rows() == 3000
    metrics = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    assert 'ced_teacher_rows{' in metrics and 'teacher="tiny"' in metrics
    serving.signal(signal.SIGTERM)
    assert serving.exit_code() == 0
    assert [re.sub(r"done, (.*), \S+ rows/s$", r"done, \1", line) for line in told_by(serving)] == [
        "INFO tiny: 3 classes, 16000 Hz, version 1, weights abababababab; waiting for shards on "
        f"task queue teacher-tiny of namespace default at {server}",
        "INFO 1: begins, 3,000 rows",
        "INFO 1: done, 3,000 rows",
        "INFO 1: begins, 3,000 rows",
        "INFO 1: done before",
        "INFO tiny: stopping behind the batch at hand, after 60 s without it; a second Ctrl-C or "
        "SIGTERM stops at once. The finished rows of the shard are kept",
    ]


def test_a_killed_workers_shard_is_finished_by_another_to_the_same_bytes(
    server: str, worker: Workers, shard: Shard, tmp_path: Path
) -> None:
    first, second = worker(), worker()
    first.start(hold=HELD_BATCH)

    async def during(client: Client, queue: str) -> None:
        handle = await start(client, queue, "predictShard", shard.raw)
        await asyncio.to_thread(first.until_held)
        first.signal(signal.SIGKILL)
        first.exit_code()
        await give_up(client, handle)
        second.start()
        assert not (await handle.result())["reused"]

    asked(server, during)
    assert shard.store.read(shard.request.data_key) == undisturbed(tmp_path)
    assert second.rows() == BEHIND_PART
    assert shard.part_keys() == []


def test_a_stopped_worker_finishes_its_batch_and_hands_all_its_rows_over(
    server: str, worker: Workers, shard: Shard, tmp_path: Path
) -> None:
    first, second = worker(), worker()
    first.start(hold=HELD_BATCH)

    async def during(client: Client, queue: str) -> None:
        handle = await start(client, queue, "predictShard", shard.raw)
        await asyncio.to_thread(first.until_held)
        first.signal(signal.SIGTERM)
        await asyncio.to_thread(first.until_logged, "stopping behind the batch at hand")
        first.release()
        assert await asyncio.to_thread(first.exit_code) == 0
        assert first.rows() == HELD_BATCH * BATCH
        failure = (await pending(handle)).last_failure
        assert failure.application_failure_info.type == "WorkerStopping"
        assert not failure.application_failure_info.non_retryable
        assert f"INFO 1: stopped with {HELD_BATCH * BATCH:,} of 3,000 rows" in told_by(first)
        second.start()
        await handle.result()

    asked(server, during)
    assert shard.store.read(shard.request.data_key) == undisturbed(tmp_path)
    assert second.rows() == BEHIND_BATCH


def test_a_cancelled_attempt_ends_behind_its_batch_and_its_rows_stay(
    server: str, worker: Workers, shard: Shard
) -> None:
    serving = worker().start(hold=HELD_BATCH)

    async def during(client: Client, queue: str) -> None:
        handle = await start(client, queue, "predictShard", shard.raw)
        await asyncio.to_thread(serving.until_held)
        await handle.cancel()
        await asyncio.to_thread(serving.until_logged, "cancelled")
        serving.release()
        with pytest.raises(WorkflowFailureError) as failure:
            await handle.result()
        assert isinstance(failure.value.cause, (ActivityError, CancelledError))
        assert serving.rows() == HELD_BATCH * BATCH
        # The first part, and the finished rows of the second, each with its SHA-256.
        assert len(shard.part_keys()) == 4

        again = await start(client, queue, "predictShard", shard.raw)
        await again.result()

    asked(server, during)
    assert serving.rows() == HELD_BATCH * BATCH + BEHIND_BATCH


def test_a_held_batch_does_not_hide_the_progress_of_a_shard(
    server: str, worker: Workers, shard: Shard
) -> None:
    serving = worker().start(hold=HELD_BATCH)

    async def during(client: Client, queue: str) -> None:
        handle = await start(client, queue, "predictShard", shard.raw)
        await asyncio.to_thread(serving.until_held)
        done = (HELD_BATCH - 1) * BATCH
        while True:
            beats = (await pending(handle)).heartbeat_details.payloads
            [details] = await client.data_converter.decode(beats) if beats else [{"done": 0}]
            if details["done"] == done:
                break
            await asyncio.sleep(0.1)
        assert details["unit"] == "rows" and details["total"] == 3000 and details["perSecond"] > 0
        serving.release()
        await handle.result()

    asked(server, during)


def test_a_predict_that_returns_nan_fails_once_and_is_named(
    server: str, worker: Workers, shard: Shard
) -> None:
    serving = worker(TINY_NAN="1").start()

    async def during(client: Client, queue: str) -> None:
        handle = await start(client, queue, "predictShard", shard.raw)
        with pytest.raises(WorkflowFailureError) as failure:
            await handle.result()
        assert isinstance(failure.value.cause, ActivityError)
        cause = failure.value.cause.cause
        assert isinstance(cause, ApplicationError) and cause.type == "TeacherInvalid"
        assert cause.non_retryable and "tiny: output 0 of row 0 is nan" in cause.message
        assert cause.message.endswith(" (row 0 of the shard: clip 0)")

    asked(server, during)
    assert serving.rows() == BATCH


def test_an_exception_of_predict_is_logged_and_retried(
    server: str, worker: Workers, shard: Shard
) -> None:
    serving = worker(TINY_FAILS="1").start()

    async def during(client: Client, queue: str) -> None:
        handle = await start(client, queue, "predictShard", shard.raw)
        assert (await handle.result())["rows"] == 3000

    asked(server, during)
    assert "out of memory" in serving.errors.read_text()
    assert serving.rows() == 3000 + BATCH


def test_what_predict_raises_again_and_again_ends_the_shard_with_its_line_and_clips(
    server: str, worker: Workers, shard: Shard
) -> None:
    raising = [worker(TINY_RAISES="no\nsuch class").start() for _ in range(2)]

    async def during(client: Client, queue: str) -> None:
        handle = await start(client, queue, "predictShard", shard.raw)
        with pytest.raises(WorkflowFailureError) as failure:
            await handle.result()
        assert isinstance(failure.value.cause, ActivityError)
        cause = failure.value.cause.cause
        assert isinstance(cause, ApplicationError) and cause.type == "TeacherInvalid"
        assert cause.non_retryable
        told = re.sub(r"line \d+", "line N", cause.message)
        assert told == (
            "predict raised ValueError: no such class (tiny_worker.py, line N) (rows 0 to 63 of "
            "the shard: clips 0 to 31), 5 times: fix it, restart its workers and start the run "
            "again, which goes on from what is stored; the traceback is in the worker's log"
        )
        # What is fixed goes on.
        for each in raising:
            (each.folder / "fixed").touch()
        assert (await (await start(client, queue, "predictShard", shard.raw)).result())["rows"]

    asked(server, during)
    # One worker does not know how often the other failed, but the attempts do.
    assert sum(each.rows() for each in raising) == 5 * BATCH + 3000
    logs = "".join(each.errors.read_text() for each in raising)
    assert logs.count("failure 5 of 5") == 1 and "raise ValueError" in logs
    assert "ced_teacher/predictor.py" not in logs


def test_a_failure_that_may_pass_is_retried_more_often_than_one_of_the_code(
    server: str, worker: Workers, shard: Shard
) -> None:
    serving = worker(TINY_FAILS="7").start()

    async def during(client: Client, queue: str) -> None:
        handle = await start(client, queue, "predictShard", shard.raw)
        assert (await handle.result())["rows"] == 3000

    asked(server, during)
    assert serving.rows() == 7 * BATCH + 3000


def test_a_second_signal_ends_a_worker_in_the_middle_of_its_batch(
    server: str, worker: Workers, shard: Shard, tmp_path: Path
) -> None:
    first, second = worker(), worker()
    first.start(hold=HELD_BATCH)

    async def during(client: Client, queue: str) -> None:
        handle = await start(client, queue, "predictShard", shard.raw)
        await asyncio.to_thread(first.until_held)
        first.signal(signal.SIGINT)
        await asyncio.to_thread(first.until_logged, "stopping behind the batch at hand")
        await asyncio.to_thread(first.interrupt_until_ended)
        assert first.exit_code() == 130
        failure = (await pending(handle)).last_failure
        assert failure.application_failure_info.type == "WorkerStopping"
        second.start()
        await handle.result()

    asked(server, during)
    assert shard.store.read(shard.request.data_key) == undisturbed(tmp_path)
    assert second.rows() == BEHIND_PART
    assert "stopping at once" in first.errors.read_text()
    assert "Traceback" not in first.errors.read_text()


def test_a_batch_that_outlasts_the_stop_is_handed_over(
    server: str, worker: Workers, shard: Shard, tmp_path: Path
) -> None:
    first, second = worker(TINY_STOP_SECONDS="0.1"), worker()
    first.start(hold=HELD_BATCH)

    async def during(client: Client, queue: str) -> None:
        handle = await start(client, queue, "predictShard", shard.raw)
        await asyncio.to_thread(first.until_held)
        first.signal(signal.SIGTERM)
        assert await asyncio.to_thread(first.exit_code) == 0
        second.start()
        await handle.result()

    asked(server, during)
    assert shard.store.read(shard.request.data_key) == undisturbed(tmp_path)


def test_a_predict_that_hangs_ends_its_process(server: str, worker: Workers, shard: Shard) -> None:
    first = worker("--stall-seconds", "1")
    second = worker()
    first.start(hold=HELD_BATCH)

    async def during(client: Client, queue: str) -> None:
        handle = await start(client, queue, "predictShard", shard.raw)
        assert await asyncio.to_thread(first.exit_code) == 70
        await give_up(client, handle)
        second.start()
        await handle.result()

    asked(server, during)
    assert "no batch was finished for 1 s" in first.errors.read_text()


def test_a_worker_without_a_server_says_where_it_looked(worker: Workers) -> None:
    port = free_port()
    lost = worker("--address", f"127.0.0.1:{port}").start()
    assert lost.exit_code() == 1
    assert lost.errors.read_text() == (
        f"error: no Temporal server answers at 127.0.0.1:{port}: nothing listens there; start it, "
        "or name another with --address or TEMPORAL_ADDRESS\n"
    )


def test_a_namespace_that_is_not_there_is_one_line(server: str, worker: Workers) -> None:
    lost = worker("--namespace", "elsewhere").start()
    assert lost.exit_code() == 1
    told = lost.errors.read_text().splitlines()
    assert told[-1].startswith(
        f"error: the Temporal server at {server} does not let a worker of namespace elsewhere work:"
    )
    assert "Traceback" not in lost.errors.read_text()
    assert lost.output.read_text() == ""


def test_an_address_without_a_port_is_refused(worker: Workers) -> None:
    asked = worker("--address", "temporal").start()
    assert asked.exit_code() == 2
    assert told_by(asked)[-1].endswith(
        "argument --address: temporal: expected HOST:PORT, such as temporal:7233"
    )


def test_a_port_for_metrics_that_is_taken_is_named(server: str, worker: Workers) -> None:
    taken = worker("--metrics", server).start()
    assert taken.exit_code() == 1
    assert f"error: --metrics {server}: " in taken.errors.read_text()
    assert "Traceback" not in taken.errors.read_text()
