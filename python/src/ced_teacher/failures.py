"""Failures that a retry cannot cure. Everything else that goes wrong is retried."""


class PermanentFailure(Exception):
    """Reaches the workflow as a non-retryable failure whose type is the class's name."""

    details: tuple[object, ...] = ()


class ContractUnknown(PermanentFailure):
    """The request is of another version of the contract, or misses a field."""


class TeacherChanged(PermanentFailure):
    """The request asks for another version or other weights than this worker serves."""


class TeacherInvalid(PermanentFailure):
    """The description or the outputs of the teacher cannot be used as they are."""


class StoreDamaged(PermanentFailure):
    """A stored file is not the one that its SHA-256 promises."""

    def __init__(self, kind: str, key: str, fault: str) -> None:
        super().__init__(f"{key}: {fault}")
        # The first detail is a list: one failure may name several files.
        self.details = ([{"kind": kind, "key": key}],)
