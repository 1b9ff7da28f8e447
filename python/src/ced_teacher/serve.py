"""Runs a teacher as a Temporal worker."""
from __future__ import annotations

import asyncio
import atexit
import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import NoReturn

from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfig
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.worker import Worker

from ced_teacher.activities import TeacherActivities
from ced_teacher.failures import PermanentFailure
from ced_teacher.options import ADDRESS, Options, parse_options
from ced_teacher.predict_failure import PredictRaised
from ced_teacher.server_link import OUT_OF_REACH, ServerLink, cause_of, in_one_line
from ced_teacher.served_teacher import ServedTeacher, prepare_teacher
from ced_teacher.teacher import Teacher

log = logging.getLogger("ced_teacher")

# A batch may take longer: then its shard is handed over without it. Orchestrators wait 30 s.
STOP_SECONDS = 20.0
# In which the server learns that the shard is free.
RELEASE_SECONDS = 3.0
# A terminal and a parent may both pass on one Ctrl-C.
SAME_PRESS_SECONDS = 0.5
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

    Ends the process: nothing behind the call runs, except what is registered with `atexit`.

    :param task_queue: the run file's `taskQueue`
    :param argv: the command line; None: the process's own
    :param data_converter: for pipelines that encrypt their payloads
    """
    options = parse_options(argv, teacher, task_queue)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # What they tell of stops and failures is told here, with the shard.
    logging.getLogger("temporalio.worker").setLevel(logging.WARNING)
    logging.getLogger("temporalio.activity").setLevel(logging.ERROR)
    teacher = replace(teacher, batch_size=options.batch_size)
    try:
        served = prepare_teacher(teacher)
    except KeyboardInterrupt:
        # `predict` may be in its thread, for which the interpreter would wait.
        _end_now(130)
    except PredictRaised as failure:
        log.error("predict raised\n%s", failure.log_text())
        sys.exit(
            f"error: {teacher.name}: predict raised {failure} for the fixed sounds that stand for "
            "the weights: fix it"
        )
    except OSError as failure:
        sys.exit(f"error: {teacher.name}: {_of_file(failure)}")
    except PermanentFailure as failure:
        sys.exit(f"error: {failure}")
    try:
        asyncio.run(_serve(served, options, data_converter or DataConverter.default))
    except SystemExit as failure:
        print(failure.code, file=sys.stderr)
        _end(1)
    except BaseException:
        traceback.print_exc()
        _end(1)
    _end(0)


async def _serve(served: ServedTeacher, options: Options, data_converter: DataConverter) -> None:
    activities = TeacherActivities(served, options.store, options.stall_seconds)
    signals = _Signals()
    client = await _connect(options, data_converter)
    address = client.service_client.config.target_host
    worker = Worker(
        client,
        task_queue=options.task_queue,
        activities=[activities.describe_teacher, activities.predict_shard],
        # A GPU holds one network; further machines take the next shards.
        max_concurrent_activities=1,
        graceful_shutdown_timeout=timedelta(seconds=STOP_SECONDS + RELEASE_SECONDS),
        max_heartbeat_throttle_interval=HEARTBEAT_INTERVAL,
        default_heartbeat_throttle_interval=HEARTBEAT_INTERVAL,
    )
    running = asyncio.create_task(worker.run())
    stopped = asyncio.create_task(signals.first.wait())
    log.info(
        "%s: %d classes, %d Hz, version %s, weights %s; waiting for shards on task queue %s of "
        "namespace %s at %s",
        served.teacher.name,
        len(served.classes),
        served.teacher.sample_rate,
        served.teacher.version,
        served.weights_sha256[:12],
        options.task_queue,
        client.namespace,
        address,
    )
    await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if stopped.done():
        await _stop(worker, activities, signals)
    stopped.cancel()
    try:
        await running
    except Exception as failure:
        told = _innermost(failure)
        if OUT_OF_REACH.search(told):
            sys.exit(_no_server(address, told))
        sys.exit(
            f"error: the Temporal server at {address} does not let a worker of namespace "
            f"{client.namespace} work: {in_one_line(told)}"
        )


class _Signals:
    """SIGINT and SIGTERM: the first stops the worker, a second one at once."""

    def __init__(self) -> None:
        self.first, self.second = asyncio.Event(), asyncio.Event()
        self._first_at = 0.0
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._received)

    def _received(self) -> None:
        now = time.monotonic()
        if not self.first.is_set():
            self._first_at = now
            self.first.set()
        elif now - self._first_at > SAME_PRESS_SECONDS:
            self.second.set()


async def _stop(worker: Worker, activities: TeacherActivities, signals: _Signals) -> None:
    """Returns when the attempt has ended between two batches; else ends the process."""
    name = activities.served.teacher.name
    log.info(
        "%s: stopping behind the batch at hand, after %g s without it; a second Ctrl-C or SIGTERM "
        "stops at once. The finished rows of the shard are kept",
        name,
        STOP_SECONDS,
    )
    activities.stopping.set()
    ended = asyncio.create_task(worker.shutdown())
    at_once = asyncio.create_task(signals.second.wait())
    await asyncio.wait(
        {ended, at_once}, timeout=STOP_SECONDS, return_when=asyncio.FIRST_COMPLETED
    )
    if ended.done():
        at_once.cancel()
        return
    log.warning("%s: stopping at once; another worker goes on behind the stored parts", name)
    activities.abandoned.set()
    await asyncio.wait({ended}, timeout=RELEASE_SECONDS)
    _end_now(130 if at_once.done() else 0)


def _end(status: int) -> NoReturn:
    """As the interpreter ends, but for what aborts the process: its end meets threads of Temporal's
    core that still call into it."""
    atexit._run_exitfuncs()
    _end_now(status)


def _end_now(status: int) -> NoReturn:
    """Also while `predict` runs: the interpreter would wait for its thread."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


async def _connect(options: Options, data_converter: DataConverter) -> Client:
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", "localhost:7233")
    if options.address is not None:
        config["target_host"] = options.address
    if options.namespace is not None:
        config["namespace"] = options.namespace
    address = config["target_host"]
    if not ADDRESS.fullmatch(address):
        sys.exit(f"error: TEMPORAL_ADDRESS or configuration file: {address}: expected HOST:PORT")
    link = ServerLink(address)
    metrics = None if options.metrics is None else PrometheusConfig(bind_address=options.metrics)
    telemetry = TelemetryConfig(logging=link.logging_config(), metrics=metrics)
    try:
        runtime = Runtime(telemetry=telemetry)
    except (RuntimeError, ValueError) as failure:
        sys.exit(f"error: --metrics {options.metrics}: {in_one_line(str(failure))}")
    try:
        link.client = await Client.connect(
            **config, runtime=runtime, data_converter=data_converter
        )
    except RuntimeError as failure:
        sys.exit(_no_server(address, str(failure)))
    return link.client


def _no_server(address: str, failure: str) -> str:
    return (
        f"error: no Temporal server answers at {address}: {cause_of(failure)}; start it, or name "
        "another with --address or TEMPORAL_ADDRESS"
    )


def _innermost(failure: BaseException) -> str:
    while failure.__cause__ is not None:
        failure = failure.__cause__
    return str(failure)


def _of_file(failure: OSError) -> str:
    if failure.filename is None:
        return str(failure)
    return (
        f"{failure.filename}: {failure.strerror}; a relative path starts from the current folder, "
        f"{os.getcwd()}"
    )
