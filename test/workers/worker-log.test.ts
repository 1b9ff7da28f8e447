import { logFormat, WorkerLog, type LogFormat } from '../../workers/worker-log';

function logged(format: LogFormat, write: (log: WorkerLog) => void): string {
  let text = '';
  write(new WorkerLog(format, { write: (line: string) => (text += line) }));
  return text;
}
const activity = {
  workflowId: 'instruments',
  workflowRunId: 'r',
  activityType: 'trainModel',
  what: 'mini',
  attempt: 2,
  taskToken: 'c2VjcmV0',
};

describe('a worker’s log for machines', () => {
  it('is one JSON object a line, with workflow, run, activity and attempt', () => {
    const text = logged('json', (log) => log.info('activity began', activity));
    expect(text.endsWith('\n')).toBe(true);
    expect(JSON.parse(text)).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      pid: process.pid,
      workflowId: 'instruments',
      workflowRunId: 'r',
      activityType: 'trainModel',
      what: 'mini',
      attempt: 2,
      msg: 'activity began',
    });
  });

  it('warns of nothing that is meant: a queue has workflows alone or activities alone', () => {
    const levelOf = (message: string): unknown =>
      (JSON.parse(logged('json', (log) => log.log('WARN', message))) as { level: unknown }).level;
    expect(levelOf('No activities registered, not polling for activity tasks')).toBe('info');
    expect(levelOf('No workflows registered, not polling for workflow tasks')).toBe('info');
    expect(levelOf('Activity failed')).toBe('warn');
  });

  it('keeps an error with its stack, and numbers that JSON does not know', () => {
    const line = JSON.parse(
      logged('json', (log) =>
        log.error('failed', { error: new TypeError('no tensor'), nanos: 12n }),
      ),
    ) as object;
    expect(line).toMatchObject({
      level: 'error',
      nanos: 12,
      error: {
        type: 'TypeError',
        message: 'no tensor',
        stack: expect.stringContaining('worker-log'),
      },
    });
  });
});

describe('a worker’s log for people', () => {
  it('is a line of text', () => {
    expect(logged('text', (log) => log.info('activity began', activity))).toMatch(
      /^\d\d:\d\d:\d\d INFO {2}trainModel mini: activity began \(attempt 2, workflow instruments\)\n$/,
    );
    expect(logged('text', (log) => log.warn('not told', { error: new Error('gone') }))).toMatch(
      / WARN {2}not told: gone\n$/,
    );
  });
});

describe.each(['json', 'text'] as const)('a log as %s', (format) => {
  it('leaves out what looks like a credential, wherever it stands', () => {
    const text = logged(format, (log) => {
      log.info('reading https://user:hunter2@host/a?X-Goog-Signature=hunter2&b=1', {
        apiKey: 'hunter2',
        nested: { password: 'hunter2' },
      });
      log.error('Authorization: Bearer hunter2', {
        ...activity,
        error: new Error('gs://b/o?token=hunter2'),
      });
    });
    expect(text).toContain('b=1');
    expect(text).not.toMatch(/hunter2|c2VjcmV0/);
  });

  it('is written at once, whatever stands in a message', () => {
    // Each cost minutes where a search began again at every character.
    for (const hostile of ['?key', '?token=', '&sig', '//', '//a', 'Bearer ', '?'])
      logged(format, (log) => log.error('failed', { error: new Error(hostile.repeat(250_000)) }));
    const text = logged(format, (log) => log.info('x'.repeat(1e6)));
    expect(text).toContain('… (980000 characters more)');
    expect(text.length).toBeLessThan(25_000);
  });

  it('ends with an object that holds itself, and looks into lists', () => {
    const list: unknown[] = ['https://h/a?token=hunter2'];
    list.push({ list });
    const text = logged(format, (log) => log.info('odd', { list }));
    expect(text).toContain('token=…');
    expect(text).not.toContain('hunter2');
  });

  it('leaves out what is only for looking into the SDK', () => {
    expect(logged(format, (log) => log.debug('polling'))).toBe('');
  });
});

describe('the form of a log', () => {
  it('is text on a terminal and JSON elsewhere, unless it is asked for', () => {
    expect([
      logFormat(undefined, { isTTY: true }),
      logFormat(undefined, {}),
      logFormat('json', { isTTY: true }),
    ]).toEqual(['text', 'json', 'json']);
  });
});
