"""Runs a teacher as a Temporal worker."""
from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfig
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.worker import Worker

from ced_teacher.activities import TeacherActivities
from ced_teacher.failures import PermanentFailure
from ced_teacher.options import Options, parse_options
from ced_teacher.served_teacher import ServedTeacher, prepare_teacher
from ced_teacher.teacher import Teacher

log = logging.getLogger("ced_teacher")

# Longer than any batch: the attempt ends itself between two batches.
DRAIN = timedelta(hours=1)
# The server answers a heartbeat with a cancellation.
HEARTBEAT_INTERVAL = timedelta(seconds=4)


def serve(
    teacher: Teacher,
    *,
    task_queue: str | None = None,
    argv: Sequence[str] | None = None,
    data_converter: DataConverter | None = None,
) -> None:
    """Serves a teacher until SIGTERM or SIGINT; the options of the command line go first.

    :param task_queue: the run file's `taskQueue`
    :param argv: the command line; None: the process's own
    :param data_converter: for pipelines that encrypt their payloads
    """
    options = parse_options(argv, teacher.name, task_queue)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    if options.batch_size is not None:
        teacher = replace(teacher, batch_size=options.batch_size)
    try:
        served = prepare_teacher(teacher)
    except (PermanentFailure, OSError) as failure:
        sys.exit(f"error: {failure}")
    asyncio.run(_serve(served, options, data_converter or DataConverter.default))


async def _serve(served: ServedTeacher, options: Options, data_converter: DataConverter) -> None:
    activities = TeacherActivities(served, options.store, options.stall_seconds)
    signalled = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, signalled.set)
    client = await _connect(options, data_converter)
    worker = Worker(
        client,
        task_queue=options.task_queue,
        activities=[activities.describe_teacher, activities.predict_shard],
        # A GPU holds one network; further machines take the next shards.
        max_concurrent_activities=1,
        graceful_shutdown_timeout=DRAIN,
        max_heartbeat_throttle_interval=HEARTBEAT_INTERVAL,
        default_heartbeat_throttle_interval=HEARTBEAT_INTERVAL,
    )
    running = asyncio.create_task(worker.run())
    stopped = asyncio.create_task(signalled.wait())
    log.info(
        "%s: %d classes, %d Hz, version %s, weights %s; waiting on %s",
        served.teacher.name,
        len(served.classes),
        served.teacher.sample_rate,
        served.teacher.version,
        served.weights_sha256[:12],
        options.task_queue,
    )
    await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if stopped.done():
        log.info("%s: stopping behind the batch at hand", served.teacher.name)
        activities.stopping.set()
        # A second signal ends the process as it would any other.
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().remove_signal_handler(number)
        await worker.shutdown()
    stopped.cancel()
    await running


async def _connect(options: Options, data_converter: DataConverter) -> Client:
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", "localhost:7233")
    if options.address is not None:
        config["target_host"] = options.address
    if options.namespace is not None:
        config["namespace"] = options.namespace
    runtime = Runtime.default()
    if options.metrics is not None:
        prometheus = PrometheusConfig(bind_address=options.metrics)
        runtime = Runtime(telemetry=TelemetryConfig(metrics=prometheus))
    try:
        return await Client.connect(**config, runtime=runtime, data_converter=data_converter)
    except RuntimeError as failure:
        sys.exit(f"error: no Temporal server answers at {config['target_host']}: {failure}")
