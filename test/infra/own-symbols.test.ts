import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bindingFolder } from '../../ced/engine/binding';
import { tensorflowVariant } from '../../infra/tensorflow-variant';
import { repositoryRoot } from '../../infra/toolchain';

/** ARM's libraries, and those for a GPU, stay as they are published. */
const isX64 = process.platform === 'linux' && process.arch === 'x64';
const isBound = isX64 && tensorflowVariant() === 'cpu';

(isX64 ? describe : describe.skip)('the symbols of a library that refers to its own', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ced-symbols-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const compile = (name: string, source: string, ...options: string[]): void => {
    writeFileSync(join(folder, `${name}.cc`), source);
    const args = ['-O1', '-fPIC', `${name}.cc`, '-o', name, '-Wl,-z,lazy', '-Wl,-rpath,$ORIGIN'];
    execFileSync('g++', [...args, ...options], { cwd: folder });
  };

  /** What the program prints, and which library's symbols were looked up and found where. */
  function run(): { output: string; bindings: string[] } {
    const { stdout, stderr } = spawnSync(join(folder, 'program'), {
      encoding: 'utf8',
      env: { LD_DEBUG: 'bindings' },
    });
    const found = stderr.matchAll(/binding file \S*\/(\w+) \[0\] to \S*\/(\w+) .*symbol `(\w+)'/g);
    const bindings = [...found].map(([, from, to, symbol]) => `${from} ${symbol} ${to}`);
    return { output: stdout, bindings: bindings.filter((each) => /first|second/.test(each)) };
  }

  function bindOwnSymbols(): void {
    const module = JSON.stringify(join(repositoryRoot, 'infra/setup/own-symbols.mjs'));
    const files = ['first', 'second'].map((name) => JSON.stringify(join(folder, name)));
    execFileSync(process.execPath, [
      ...['--input-type=module', '-e'],
      `import { bindOwnSymbols, OUTSIDE_STD } from ${module};` +
        `bindOwnSymbols([{ file: ${files[0]} }, { file: ${files[1]}, names: OUTSIDE_STD }]);`,
    ]);
  }

  it('are not looked up any more when it is loaded, and are found where they were before', () => {
    compile(
      'first',
      `int both() { return 1; }
       static int hidden() { return 10; }
       int data = 100;
       int *pointers[] = {&data, &data};
       int (*functions[])() = {both, hidden};
       int first() { return both() + functions[0]() + functions[1]() + *pointers[1] + data; }`,
      '-shared',
    );
    compile(
      'second',
      `int both() { return 2; }
       int alone() { return 20; }
       extern "C" int plain() { return 200; }
       struct Base { virtual int value() { return both(); } };
       struct Derived : Base { int value() override { return alone() + plain(); } };
       Base *made(bool derived) { return derived ? new Derived : new Base; }
       int second() { return made(false)->value() + made(true)->value(); }`,
      '-shared',
    );
    compile(
      'program',
      `#include <cstdio>
       int first();
       int second();
       extern "C" int plain() { return 3000; }
       int main() { std::printf("%d %d\\n", first(), second()); }`,
      ...['first', 'second', '-rdynamic'],
    );
    const before = run();
    expect(before.output).toBe('212 3021\n');
    expect(before.bindings).toContain('first _Z4bothv first');
    expect(before.bindings).toContain('second _Z5alonev second');

    bindOwnSymbols();

    const after = run();
    expect(after.output).toBe('212 3021\n');
    const within = /^(\w+) \w+ \1$/;
    expect(after.bindings.filter((each) => within.test(each))).toEqual([]);
    expect(new Set(after.bindings)).toEqual(
      new Set(before.bindings.filter((each) => !within.test(each))),
    );
    expect(after.bindings).toContain('second _Z4bothv first');
    expect(after.bindings).toContain('second plain program');
  });

  (isBound ? it : it.skip)("are few of those that are looked up for TensorFlow's library", () => {
    const binding = join(bindingFolder(), 'napi-v8', 'tfjs_binding.node');
    const { stderr } = spawnSync(process.execPath, ['-e', 'require(process.argv[1])', binding], {
      encoding: 'utf8',
      env: { ...process.env, LD_DEBUG: 'statistics' },
    });
    const lookedUp = Number(/final number of relocations: (\d+)/.exec(stderr)?.[1]);
    expect(lookedUp).toBeGreaterThan(0);
    expect(lookedUp).toBeLessThan(40_000); // 270,000 as published
  });
});
