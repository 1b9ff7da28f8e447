import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../../infra/toolchain';

const SECRET = 'hunter2-planted';

/**
 * Nobody can take a workflow's input out of a history, so the commands look before they connect to
 * anything.
 */
describe('a run file with a credential in an address', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-credential-'));
    const run = {
      name: 'r',
      store: 's',
      corpus: {
        train: `https://reader:${SECRET}@example.org/x`,
        eval: `gs://b/x?X-Goog-Signature=${SECRET}`,
        vocabulary: 'v',
      },
      teachers: [{ name: 'a', checkpoint: 'teachers/a', format: 'ced' }],
      students: [{ name: 'mini', model: 'mini' }],
      promote: { champion: 'champion' },
    };
    writeFileSync(join(folder, 'run.json'), JSON.stringify(run));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['npm start', 'start.js', ['--run', 'run.json', '--port', '9']],
    [
      'npm run schedule',
      'schedule.js',
      ['create', 'run.json', '--every', '24h', '--address', '127.0.0.1:9'],
    ],
    [
      'npm run schedule under a name of its own',
      'schedule.js',
      ['create', 'run.json', '--every', '24h', '--id', 'nightly', '--show'],
    ],
  ])(
    'is refused by %s before anything starts, without the secret',
    (_command, program, argv) => {
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [join(repositoryRoot, 'dist/cli/run', program), ...argv],
        {
          cwd: folder,
          encoding: 'utf8',
          timeout: 60_000,
        },
      );
      expect(status).toBe(1);
      expect(stderr).toMatch(
        /^error: RunFileInvalid: the run file is invalid:\n {2}corpus\.train: its address carries a credential, /,
      );
      expect(stderr).toMatch(/^ {2}corpus\.eval: its address carries a credential, /m);
      expect(stdout + stderr).not.toContain(SECRET);
      expect(readdirSync(folder)).toEqual(['run.json']);
    },
    90_000,
  );
});
