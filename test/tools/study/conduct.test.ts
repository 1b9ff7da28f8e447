import { tmpdir } from 'node:os';
import { studentArm, teacherArm } from '../../../tools/own-classes/arms';
import { notRun } from '../../../tools/study/conduct';

describe('runs that were not started', () => {
  const draw = { clipsPerClass: 5, seed: 1, clips: 20, isShort: true };
  const left = [teacherArm, studentArm].map((arm) => ({ arm: arm(draw, 'scratch'), seed: 1 }));

  it('are left by the limit of time, and the command that goes on is named', () => {
    expect(notRun(tmpdir(), left, 240)).toEqual([
      '2 of the runs were not started within 240 minutes (--minutes); the same command goes on ' +
        'with them',
    ]);
    expect(notRun(tmpdir(), [], 240)).toEqual([]);
  });

  it('without that limit lack the result of their teacher', () => {
    expect(notRun(tmpdir(), left, null)).toEqual([
      'own-student-scratch-5-1 seed 1 was not run: its teacher (teacher from scratch, 5 clips a ' +
        'class, draw 1) has no result',
    ]);
  });
});
