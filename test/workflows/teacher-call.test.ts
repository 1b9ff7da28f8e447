import {
  teacherCallId,
  teacherCallOf,
  type TeacherCall,
} from '../../workflows/contract/teacher-call';

describe('the id of a call of a teacher', () => {
  it.each([
    { teacher: 'beats', asked: 'train shard 12' },
    { teacher: 'a-2', asked: 'eval shard 0' },
    { teacher: 'beats', asked: 'probe clips' },
    { teacher: 'beats', asked: 'description' },
  ] satisfies TeacherCall[])('says whose it is and what is asked: $asked', (call) => {
    expect(teacherCallOf(teacherCallId(call, 7))).toEqual(call);
  });

  it('is not that of another activity', () => {
    for (const id of ['12', 'beats: test shard 1, call 2', 'beats: train shard 1'])
      expect(teacherCallOf(id)).toBeNull();
  });

  it('reads well', () => {
    expect(teacherCallId({ teacher: 'beats', asked: 'train shard 3' }, 12)).toBe(
      'beats: train shard 3, call 12',
    );
  });
});
