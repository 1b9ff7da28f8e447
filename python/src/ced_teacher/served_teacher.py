"""A teacher with its classes and weights read: what a worker serves."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ced_teacher.classes import TeacherClass, encode_classes, read_classes
from ced_teacher.contract import CONTRACT, TeacherDescription
from ced_teacher.predictor import Predictor
from ced_teacher.store import Store
from ced_teacher.teacher import Teacher
from ced_teacher.weights import hash_answers, hash_weights


@dataclass(frozen=True)
class ServedTeacher:
    teacher: Teacher
    classes: list[TeacherClass]
    weights_sha256: str
    predictor: Predictor
    # One thread for every call: some libraries tie a network to the thread that used it first.
    thread: ThreadPoolExecutor

    def describe(self, store: Store) -> TeacherDescription:
        """Writes the class list to the store, and names it."""
        text, sha256 = encode_classes(self.classes)
        key = f"teachers/classes/{sha256}.json"
        if not store.create(key, text) and store.read(key) != text:
            store.replace(key, text)
        teacher = self.teacher
        return {
            "contract": CONTRACT,
            "name": teacher.name,
            "version": teacher.version,
            "weightsSha256": self.weights_sha256,
            "parameters": teacher.parameters,
            "classes": {"key": key, "sha256": sha256, "count": len(self.classes)},
            "sampleRate": teacher.sample_rate,
            "longestSeconds": teacher.longest_seconds,
            "output": teacher.output,
            "masks": teacher.masks,
        }


def prepare_teacher(teacher: Teacher) -> ServedTeacher:
    """Reads the class list, and hashes the weights, which takes as long as reading their files."""
    classes = read_classes(teacher.classes)
    predictor = Predictor(teacher, len(classes))
    thread = ThreadPoolExecutor(1, "ced-teacher-predict")
    if teacher.weights is None:
        sha256 = thread.submit(hash_answers, predictor).result()
    else:
        sha256 = hash_weights(teacher.weights)
    return ServedTeacher(teacher, classes, sha256, predictor, thread)
