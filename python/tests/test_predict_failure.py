import pytest

from ced_teacher.predict_failure import PredictRaised, failures_so_far, one_more


class OutOfMemoryError(RuntimeError):
    """As PyTorch's is called."""


def raised(error: Exception, place: str = "") -> PredictRaised:
    failure = PredictRaised(error)
    failure.place = place
    return failure


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OutOfMemoryError("Tried to allocate 2 GiB"),
        RuntimeError("CUDA out of memory"),
        RuntimeError("CUDA error: unspecified launch failure"),
        ConnectionResetError(),
        TimeoutError(),
        OSError(28, "No space left on device"),
    ],
)
def test_memory_devices_and_connections_may_recover(error: Exception) -> None:
    assert raised(error).may_pass


@pytest.mark.parametrize(
    "error",
    [
        ValueError("shapes"),
        KeyError("labels"),
        RuntimeError("CUDA error: device-side assert triggered"),
        FileNotFoundError(2, "No such file", "mean.npy"),
    ],
)
def test_errors_of_the_code_do_not(error: Exception) -> None:
    assert not raised(error).may_pass


def test_what_an_error_was_caused_by_counts() -> None:
    wrapped = ValueError("no answer")
    wrapped.__cause__ = ConnectionError()
    assert raised(wrapped).may_pass


def test_failures_of_one_class_at_the_same_rows_are_counted_over_attempts() -> None:
    rows = " (rows 0 to 7 of the shard: clip 0)"
    first = one_more(raised(ValueError("at 0x7f01"), rows), None)
    second = one_more(raised(ValueError("at 0x7f02"), rows), failures_so_far([{"done": 1}, first]))
    assert (first["times"], second["times"]) == (1, 2)
    assert one_more(raised(KeyError("a"), rows), second)["times"] == 1
    assert one_more(raised(ValueError("at 0x7f02"), " (row 8)"), second)["times"] == 1
    for other in ([], [{"done": 1}], [{"done": 1}, "text"], [{}, {"times": "2"}]):
        assert failures_so_far(other) is None


def test_a_long_message_is_one_short_line() -> None:
    text = str(raised(ValueError("line\n" * 1000)))
    assert "\n" not in text and len(text) < 400
