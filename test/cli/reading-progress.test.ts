import { progressText, ReadingProgress } from '../../cli/models/audio/reading-progress';

const day = {
  done: 0,
  files: 1,
  bytes: 1000,
  bytesRead: 250,
  audioSeconds: 21_600,
  elapsedSeconds: 600,
};

describe('the progress of reading recordings', () => {
  afterEach(() => jest.restoreAllMocks());

  it('says how much is done, how fast, and how long the rest will take', () => {
    expect(progressText(day)).toBe('25 % · 6:00:00 of audio · 36.0 × real time · 30:00 left');
    expect(progressText({ ...day, done: 3, files: 1200, bytesRead: 5 })).toBe(
      '3 of 1,200 files · 0.5 % · 6:00:00 of audio · 36.0 × real time · 33:10:00 left',
    );
  });

  it('promises no end where the length is not known', () => {
    expect(progressText({ ...day, bytes: 0 })).toBe('6:00:00 of audio · 36.0 × real time');
  });

  it('is for terminals alone', () => {
    const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    const { isTTY } = process.stderr;
    try {
      process.stderr.isTTY = false;
      new ReadingProgress().show(day);
      expect(write).not.toHaveBeenCalled();
      process.stderr.isTTY = true;
      new ReadingProgress().show(day);
      expect(write.mock.calls.at(-1)?.[0]).toContain('25 % · 6:00:00 of audio');
    } finally {
      process.stderr.isTTY = isTTY;
    }
  });
});
