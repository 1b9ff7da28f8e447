"""Serves any audio tagger as a teacher of a CED distillation.

    from ced_teacher import Teacher, serve
    serve(Teacher(name="beats", classes="labels.csv", sample_rate=16000, predict=predict),
          task_queue="teacher-beats")
"""
from ced_teacher.failures import TeacherInvalid, print_in_one_line
from ced_teacher.serve import serve
from ced_teacher.teacher import Teacher

__all__ = ["Teacher", "TeacherInvalid", "serve"]

print_in_one_line()
