/**
 * A folder that set-up takes for a clone of the repository: the real set-up with a lock file
 * without packages, and a cache and a folder of programs of its own.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../../infra/toolchain';

const NO_PACKAGES = JSON.stringify({ lockfileVersion: 3, packages: {} });

export class SetupClone {
  readonly root = mkdtempSync(join(tmpdir(), 'ced-clone-'));
  /** Holds `node`. */
  readonly bin = join(this.root, 'bin');
  readonly cache = join(this.root, 'cache');

  constructor() {
    mkdirSync(this.bin);
    symlinkSync(process.execPath, join(this.bin, 'node'));
    mkdirSync(join(this.root, 'infra'));
    for (const part of ['run.mjs', 'setup'])
      cpSync(join(repositoryRoot, 'infra', part), join(this.root, 'infra', part), {
        recursive: true,
      });
    writeFileSync(join(this.root, 'package-lock.json'), NO_PACKAGES);
    mkdirSync(join(this.root, 'node_modules'));
    writeFileSync(join(this.root, 'node_modules', '.package-lock.json'), NO_PACKAGES);
  }

  /** `npm run setup` in this clone; it compiles nothing. */
  setUp(
    args: readonly string[],
    environment: Record<string, string>,
  ): { status: number | null; stdout: string; stderr: string } {
    const command = [join(this.root, 'infra', 'run.mjs'), 'setup', '--no-build', ...args];
    return spawnSync(process.execPath, command, {
      encoding: 'utf8',
      env: { HOME: this.root, CED_CACHE: this.cache, ...environment },
    });
  }

  /**
   * @param platform such as `linux-arm64`
   * @returns a module; a Node that requires it before its program takes this machine for one
   */
  takeFor(platform: string): string {
    const [system, architecture] = platform.split('-');
    const path = join(this.root, `${platform}.cjs`);
    const set = (name: string, value = ''): string =>
      `Object.defineProperty(process, '${name}', { value: '${value}' });\n`;
    writeFileSync(path, set('platform', system) + set('arch', architecture));
    return path;
  }

  /** Files that set-up left in the cache, on whatever platform. */
  cacheEntries(): string[] {
    const items = readdirSync(this.cache, { recursive: true, withFileTypes: true });
    return items.filter((item) => item.isFile()).map(({ name }) => name);
  }

  /** What set-up records for `--gpu` and `--cpu`. */
  choose(variant: 'cpu' | 'gpu'): void {
    mkdirSync(join(this.root, '.ced'), { recursive: true });
    writeFileSync(join(this.root, '.ced', 'tensorflow-variant'), `${variant}\n`);
  }

  /** The compiled programs and the packages of this repository. */
  copyCompiled(): void {
    cpSync(join(repositoryRoot, 'dist'), join(this.root, 'dist'), { recursive: true });
    rmSync(join(this.root, 'node_modules'), { recursive: true });
    symlinkSync(join(repositoryRoot, 'node_modules'), join(this.root, 'node_modules'));
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }
}
