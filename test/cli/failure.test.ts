import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkflowFailedError } from '@temporalio/client';
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  RetryState,
} from '@temporalio/common';
import { describeFailure } from '../../cli/failure';
import { readRunFile } from '../../cli/run/run-file';

function failedRun(cause: Error): WorkflowFailedError {
  return new WorkflowFailedError(
    'Workflow execution failed',
    cause,
    RetryState.NON_RETRYABLE_FAILURE,
  );
}

describe('what a user is told of a failure', () => {
  it('is the type and message of what failed inside an activity, in one line', () => {
    const inside = ApplicationFailure.nonRetryable(
      "teachers[0].checkpoint: its class 'Oud' is missing\nfrom the vocabulary",
      'TeacherInvalid',
    );
    const activity = new ActivityFailure(
      'Activity task failed',
      'importModels',
      '1',
      RetryState.NON_RETRYABLE_FAILURE,
      'worker',
      inside,
    );
    expect(describeFailure(failedRun(activity))).toBe(
      "TeacherInvalid: teachers[0].checkpoint: its class 'Oud' is missing from the vocabulary",
    );
  });

  it('is every problem of an invalid run file, one a line', () => {
    const failure = ApplicationFailure.nonRetryable(
      'the run file is invalid:\nname: expected text\nstore: expected a path',
      'RunFileInvalid',
    );
    expect(describeFailure(failedRun(failure)).split('\n')).toEqual([
      'RunFileInvalid: the run file is invalid:',
      '  name: expected text',
      '  store: expected a path',
    ]);
  });

  it('says that nothing is lost when a run was cancelled', () => {
    expect(describeFailure(failedRun(new CancelledFailure('cancelled')))).toMatch(
      /^the run was cancelled; .* in the store/,
    );
  });
});

describe('a run file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'run-file-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  function complaint(text: string | null): string {
    const path = join(folder, 'run.json');
    if (text === null) rmSync(path, { force: true });
    else writeFileSync(path, text);
    try {
      readRunFile(path, 'distill');
    } catch (error) {
      return describeFailure(error).replace(path, 'run.json');
    }
    throw new Error('expected a complaint');
  }

  it('that is not there is named, with the remedy', () => {
    expect(complaint(null)).toBe(
      'run file run.json cannot be read (ENOENT); name another with --run FILE',
    );
  });

  it('that is not JSON is named, in one line', () => {
    expect(complaint('{ "name": }')).toMatch(/^run file run\.json is not JSON: [^\n]+$/);
  });

  it('with several problems gets all of them, each with the path to its field', () => {
    const text = JSON.stringify({
      name: 'Demo!',
      store: 's',
      corpus: { train: 't', vocabulary: 'v', clipz: 1 },
      teachers: [],
      students: [{ name: 'a', model: 'huge' }],
    });
    const lines = complaint(text).split('\n');
    expect(lines[0]).toBe('RunFileInvalid: the run file is invalid:');
    for (const path of ['name', 'corpus.clipz', 'teachers', 'students[0].model'])
      expect(lines.slice(1).filter((line) => line.startsWith(`  ${path}: `))).toHaveLength(1);
    expect(lines).toHaveLength(5);
  });
});
