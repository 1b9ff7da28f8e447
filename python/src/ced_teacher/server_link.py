"""What the worker's log tells of its connection to the Temporal server.

Temporal's core logs a call that it repeats with a dump of its transport, every ten seconds. Here it
is one line when the server no longer answers, and one when it does again.
"""
from __future__ import annotations

import asyncio
import logging
import re
from contextlib import suppress
from datetime import timedelta
from typing import Literal

from temporalio.client import Client
from temporalio.runtime import LogForwardingConfig, LoggingConfig, TelemetryFilter
from temporalio.service import RPCError, RPCStatusCode

log = logging.getLogger("ced_teacher")

ASK_EVERY_SECONDS = 2.0
ASK_TIMEOUT = timedelta(seconds=5)
# Of a call that did not reach the server, in what the core logs.
OUT_OF_REACH = re.compile("Unavailable|DeadlineExceeded|transport|Timeout expired")
SILENT = (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED)

# What of the client's text says why, and how that reads.
CAUSES = {
    "Connection refused": "nothing listens there",
    "dns error|failed to lookup|Name or service": "its name is unknown",
    "certificate|InvalidContentType|tls": "TLS is expected on one side alone, or a certificate is "
    "not trusted",
    "Unauthenticated|PermissionDenied": "it refuses the credentials",
    "timed out|Timeout|deadline": "no answer in time",
    "transport error|broken pipe|reset by peer": "the connection is lost",
}


class ServerLink(logging.Handler):
    """To be made in the event loop; `client` is set once there is one."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self.client: Client | None = None
        self._loop = asyncio.get_running_loop()
        self._asking: asyncio.Task[None] | None = None
        self._told = ""

    def logging_config(self) -> LoggingConfig:
        """The core's log comes here."""
        levels: tuple[Literal["WARN"], Literal["ERROR"]] = ("WARN", "ERROR")
        logger = logging.Logger("temporal")
        logger.addHandler(self)
        forwarding = LogForwardingConfig(
            logger, append_target_to_name=False, prepend_target_on_message=False
        )
        return LoggingConfig(TelemetryFilter(*levels), forwarding)

    def emit(self, record: logging.LogRecord) -> None:
        """Comes from a thread of the core, perhaps when the loop has ended."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.received, record.getMessage())

    def received(self, text: str) -> None:
        if OUT_OF_REACH.search(text):
            if self._asking is None and self.client is not None:
                log.warning(
                    "the Temporal server at %s does not answer: %s; this worker keeps trying",
                    self.address,
                    cause_of(text),
                )
                self._asking = self._loop.create_task(self._until_answered(self.client))
            return
        # Repeated calls are counted in the text.
        told = re.sub(r"\d+", "", text)
        if told != self._told:
            self._told = told
            log.warning("Temporal: %s", in_one_line(text))

    async def _until_answered(self, client: Client) -> None:
        while not await _answers(client):
            await asyncio.sleep(ASK_EVERY_SECONDS)
        log.info("the Temporal server at %s answers again", self.address)
        self._asking = None


async def _answers(client: Client) -> bool:
    try:
        await client.service_client.check_health(timeout=ASK_TIMEOUT)
    except RPCError as failure:
        # Another failure is an answer.
        return failure.status not in SILENT
    return True


def cause_of(text: str) -> str:
    """The client's text is a dump of its transport."""
    known = (told for sign, told in CAUSES.items() if re.search(sign, text, re.IGNORECASE))
    return next(known, in_one_line(text))


def in_one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else f"{line[:200]}…"
