import pytest
from temporalio.exceptions import ApplicationError

from ced_teacher.activities import with_types
from ced_teacher.failures import StoreDamaged


def failing(failure: Exception) -> ApplicationError:
    def work() -> None:
        raise failure

    with pytest.raises(ApplicationError) as reported:
        with_types(work)
    return reported.value


def test_a_failure_has_the_type_and_details_that_the_contract_names() -> None:
    reported = failing(StoreDamaged("audio", "audio/1.npy", "it is missing"))
    assert (reported.type, reported.non_retryable) == ("StoreDamaged", True)
    assert list(reported.details) == [[{"kind": "audio", "key": "audio/1.npy"}]]
    assert reported.message == "audio/1.npy: it is missing"


def test_a_long_text_is_shortened_and_other_failures_are_retried() -> None:
    reported = failing(RuntimeError("x" * 1_000_000))
    assert (reported.type, reported.non_retryable) == ("RuntimeError", False)
    assert len(reported.message) == 2001
    assert reported.__cause__ is None
