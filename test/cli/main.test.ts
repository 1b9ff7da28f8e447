import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeFailure } from '../../cli/failure';
import { ced } from '../../cli/main';
import { repositoryRoot } from '../../infra/toolchain';
import { catchOutput, type CaughtOutput } from '../support/caught-output';

async function complaint(argv: string[]): Promise<string> {
  return await ced(argv).then(() => 'no complaint', describeFailure);
}

describe('the ced command', () => {
  let printed: CaughtOutput;
  beforeEach(() => {
    printed = catchOutput('stdout');
  });
  afterEach(() => jest.restoreAllMocks());

  it('lists its subcommands', async () => {
    expect(await ced(['--help'])).toBe(0);
    expect(printed.text).toMatch(/^ {2}watch +\S/m);
  });

  it('lists them without loading a package, nor a command', () => {
    const main = join(repositoryRoot, 'dist', 'cli', 'main.js');
    const program = `require(${JSON.stringify(main)}).ced(['--help']).then(() =>
      process.stderr.write(JSON.stringify(Object.keys(require.cache))))`;
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' });
    expect(stdout).toMatch(/^ {2}tag +\S/m);
    const loaded = JSON.parse(stderr) as string[];
    expect(loaded).toContain(main);
    expect(loaded.filter((file) => file.includes('node_modules'))).toEqual([]);
    expect(loaded.filter((file) => file.endsWith('tag.js'))).toEqual([]);
  });

  it('explains each of them', async () => {
    expect(await ced(['watch', '--help'])).toBe(0);
    expect(printed.text).toMatch(/^ced watch WORKFLOW-ID/);
  });

  it('refuses one it does not have, in one line that names those it has', async () => {
    expect(await complaint(['train'])).toMatch(
      /^ced train: no such command, expected one of [a-z, ]*watch[^\n]*$/,
    );
  });

  it('names the command or option that was probably meant', async () => {
    expect(await complaint(['wacth'])).toMatch(
      /^ced wacth: no such command \(did you mean watch\?\)/,
    );
    expect(await complaint(['tag', 'a.wav', '--modle', 'm'])).toBe(
      "Unknown option '--modle' (did you mean --model?); see --help",
    );
  });

  it.each(['constructor', 'toString', '__proto__'])('has no command %s', async (name) => {
    expect(await complaint([name])).toMatch(new RegExp(`^ced ${name}: no such command`));
    expect(await complaint(['help', name])).toMatch(new RegExp(`^ced ${name}: no such command`));
  });

  it('prints its version', async () => {
    expect(await ced(['--version'])).toBe(0);
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(printed.text.startsWith(`ced ${version} (Node ${process.versions.node}, `)).toBe(true);
  });

  it('explains a command by help too', async () => {
    expect(await ced(['help', 'watch'])).toBe(0);
    expect(printed.text).toMatch(/^ced watch WORKFLOW-ID/);
    printed.text = '';
    for (const argv of [['help'], ['help', 'help'], ['help', '--help']]) {
      printed.text = '';
      expect(await ced(argv)).toBe(0);
      expect(printed.text).toMatch(/^ced COMMAND/);
    }
  });

  it('refuses to watch nothing, and options it does not have', async () => {
    expect(await complaint(['watch'])).toBe(
      'ced watch: expected one workflow id; see ced watch --help',
    );
    expect(await complaint(['watch', 'a', '--colour'])).toMatch(/^Unknown option '--colour'/);
  });

  it('says in one line that no server answers, and how to get one', async () => {
    expect(await complaint(['watch', 'a', '--address', '127.0.0.1:9'])).toBe(
      'no Temporal server answers at 127.0.0.1:9; start one with `npm run server`, or name ' +
        'yours with --address',
    );
  });
});
