import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../../../infra/toolchain';
import { isAlive } from '../../support/cluster';

const KIND = { links: ['-o', 'link'], namespaces: ['netns', 'list'] };

/** Network devices or namespaces of this machine that a process's hosts may have. */
function namedBy(pid: number, kind: keyof typeof KIND): string[] {
  // Without the program there are no hosts.
  const { stdout } = spawnSync('ip', KIND[kind], { encoding: 'utf8' });
  const name = new RegExp(`\\bced${pid % 100_000}([oi-]\\d+)?\\b`);
  return (stdout ?? '').split('\n').filter((line) => name.test(line));
}

/** Living processes that were told of a folder. */
function processesIn(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid && isAlive(Number(name)))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return command.includes(folder) ? [command] : [];
      } catch {
        return []; // it has ended since
      }
    });
}

describe('Ctrl-C in a series of faults on groups', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ced-interrupt-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('leaves no process, folder, network device or namespace behind', async () => {
    const entry = join(repositoryRoot, 'dist/test/chaos/main.js');
    const series = spawn(process.execPath, [entry, '--group', '--runs', '1'], {
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(series, 'close');
    let printed = '';
    // The head of the table is printed when the scene is there and workers start.
    const begun = new Promise<void>((resolve) => {
      series.stdout.on('data', (text: Buffer) => {
        if ((printed += text.toString()).includes('| fault |')) resolve();
      });
    });
    await Promise.race([begun, ended]);
    expect(processesIn(folder)).not.toEqual([]);
    if (!printed.includes('left out'))
      expect(namedBy(series.pid!, 'namespaces')).not.toHaveLength(0);

    series.kill('SIGINT');
    // As npm, which passes on what the terminal sends too.
    series.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
    expect(processesIn(folder)).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
    for (const kind of ['links', 'namespaces'] as const)
      expect(namedBy(series.pid!, kind)).toEqual([]);
  });
});
