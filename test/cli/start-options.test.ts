import { describeFailure } from '../../cli/failure';
import { parseStartOptions, parseTeachOptions } from '../../cli/run/start-options';

function complaint(argv: string[]): string {
  try {
    parseStartOptions(argv);
  } catch (error) {
    return describeFailure(error);
  }
  throw new Error('expected a complaint');
}

describe('options of npm start', () => {
  it('begin with the demo', () => {
    expect(parseStartOptions([])).toEqual({
      type: 'distill',
      runFile: 'examples/instruments/distill.json',
      workflowId: null,
      port: 7233,
      uiPort: 'any',
      workers: true,
      keep: false,
      json: false,
    });
  });

  it('ask for help', () => {
    expect(parseStartOptions(['--help'])).toBeNull();
    expect(parseTeachOptions(['-h'])).toBeNull();
  });

  it.each([
    [['--type', 'retrained'], '--type retrained: expected distill, retrain or teach'],
    [['--port', '0'], '--port 0: expected a port between 1 and 65535'],
    [['--ui-port', 'web'], '--ui-port web: expected a port between 1 and 65535'],
  ])('%j is refused in one line', (argv, message) => {
    expect(complaint(argv)).toBe(message);
  });

  it('refuse an unknown option in one line that says where to look', () => {
    expect(complaint(['--colour'])).toMatch(/^Unknown option '--colour'.*; see --help$/);
    expect(complaint(['stray'])).toMatch(/^Unexpected argument 'stray'[^\n]*; see --help$/);
  });
});
