/** What this process has written to a stream since it is caught; a test may empty it. */
export interface CaughtOutput {
  text: string;
}

/** Catches what `ced` and others in this process write, until mocks are restored. */
export function catchOutput(stream: 'stdout' | 'stderr'): CaughtOutput {
  const caught: CaughtOutput = { text: '' };
  jest.spyOn(process[stream], 'write').mockImplementation((text) => {
    caught.text += String(text);
    return true;
  });
  return caught;
}
