import { resolve } from 'node:path';
import { parseTeachOptions } from '../../cli/run/start-options';
import { teachersFolder } from '../../cli/run/teachers-folder';

function folderOf(argv: string[], store: string): string {
  const { out, runFile } = parseTeachOptions(argv)!;
  return teachersFolder('/project', out, runFile, { name: 'mine', store });
}

describe('the folder of trained teachers', () => {
  it("is the demo's for the demo alone", () => {
    expect(folderOf([], 'runs/teach')).toBe('/project/examples/instruments/teachers');
  });

  it('lies beside the store of a run of your own', () => {
    expect(folderOf(['--run', 'mine.json'], 'runs/mine')).toBe('/project/runs/mine-teachers');
    expect(folderOf(['--run', 'mine.json'], '/data/store/')).toBe('/data/store-teachers');
    expect(folderOf(['--run', 'mine.json'], 's3://b/mine')).toBe('/project/runs/mine-teachers');
  });

  it('is the one that is given', () => {
    expect(folderOf(['--run', 'mine.json', '--out', 'here'], 'runs/mine')).toBe(resolve('here'));
  });
});
