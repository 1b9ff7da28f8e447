"""What a worker's log tells while its server does not answer."""
from __future__ import annotations

import asyncio

import pytest
from temporalio.client import Client

from ced_teacher.server_link import OUT_OF_REACH, ServerLink, cause_of

# As the core logs it.
REPEATED = (
    "gRPC call poll_activity_task_queue retried {} times {{'error': 'Status {{ code: Unavailable, "
    'message: "tcp connect error", source: Some(tonic::transport::Error(Transport, ConnectError('
    'ConnectError("tcp connect error", 127.0.0.1:7233, Os {{ code: 111, kind: ConnectionRefused, '
    'message: "Connection refused" }})))) }}\'}}'
)


def test_a_server_that_does_not_answer_is_told_once_and_again_when_it_does(
    server: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "ced_teacher")

    async def run() -> None:
        link = ServerLink(server)
        link.client = await Client.connect(server)
        for _ in range(2):
            for times in range(6, 9):
                link.received(REPEATED.format(times))
            while not caplog.messages[-1].endswith("again"):
                await asyncio.sleep(0.01)

    asyncio.run(run())
    assert caplog.messages == [
        f"the Temporal server at {server} does not answer: nothing listens there; this worker "
        "keeps trying",
        f"the Temporal server at {server} answers again",
    ] * 2


def test_a_connection_that_breaks_is_named_as_such() -> None:
    text = "gRPC call retried 10 times {'error': 'Status { message: \"transport error"
    assert OUT_OF_REACH.search(text) and cause_of(text) == "the connection is lost"


def test_other_troubles_of_the_core_are_one_line_each(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        link = ServerLink("temporal:7233")
        for times in range(6, 9):
            link.received(f"gRPC call poll retried {times} times\n{{'error': 'ResourceExhausted'}}")
        link.received("Task not found when completing")

    asyncio.run(run())
    assert caplog.messages == [
        "Temporal: gRPC call poll retried 6 times {'error': 'ResourceExhausted'}",
        "Temporal: Task not found when completing",
    ]
