import { asTyped, nameToType, shellLine, startArguments } from '../../cli/run/temporal-command';

const demo = {
  type: 'distill',
  workflowId: 'instruments',
  inputFile: 'examples/instruments/distill.json',
  address: '127.0.0.1:7233',
} as const;

describe('the command that starts a run', () => {
  it('is short where everything is as usual', () => {
    expect(shellLine('temporal', startArguments(demo, {}))).toBe(
      'temporal workflow start --type distill --task-queue ced --workflow-id instruments ' +
        '--input-file examples/instruments/distill.json',
    );
  });

  it("carries what Temporal's web interface says of the run", () => {
    const about = { summary: '1 student from 3 teachers', details: 'Students: piccolo.' };
    expect(shellLine('temporal', startArguments({ ...demo, about }, {}))).toContain(
      "--static-summary '1 student from 3 teachers' --static-details 'Students: piccolo.'",
    );
  });

  it('names the server where the tool would go to another one', () => {
    expect(startArguments({ ...demo, address: '127.0.0.1:7300' }, {}).slice(-2)).toEqual([
      '--address',
      '127.0.0.1:7300',
    ]);
    expect(startArguments(demo, { TEMPORAL_ADDRESS: 'far:7233' }).slice(-2)).toEqual([
      '--address',
      '127.0.0.1:7233',
    ]);
  });

  it('can be pasted into a shell whatever the file is called', () => {
    expect(shellLine('temporal', ['--input-file', "it's mine.json"])).toBe(
      `temporal --input-file 'it'\\''s mine.json'`,
    );
  });

  it('names the tool by its path where it is not on the PATH', () => {
    expect(nameToType('/cache/temporal', '/nowhere')).toBe('/cache/temporal');
  });

  it("is set-up's in sentences where the tool is not on the PATH", () => {
    expect(asTyped('go on: temporal workflow reset -w mine; see temporal', '/nowhere')).toBe(
      'go on: npx ced temporal workflow reset -w mine; see temporal',
    );
  });
});
