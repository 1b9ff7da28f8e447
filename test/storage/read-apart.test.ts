import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readApart, type ReaderLimits } from '../../storage/reader/read-apart';
import { sha256 } from '../../storage/store';

const reference = join(__dirname, '../reference');
const good = join(reference, 'published/logits_ep1_0.h5');
const read = (path: string, limits?: ReaderLimits) =>
  readApart('publishedRows', path, 'published logits', limits);

describe('a file that is decoded in a process of its own', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ced-reader-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A decoder that meets a file which does this to it. */
  const decoderThat = (does: string): string => {
    const program = join(folder, 'decoder.js');
    writeFileSync(program, `process.on('message', () => { ${does} });`);
    return program;
  };

  it('comes with the hash of the bytes that were decoded', async () => {
    const { value, sha256: hash } = await read(good);
    expect(value).toMatchObject({ rows: 3, topK: 20 });
    expect(hash).toBe(sha256(readFileSync(good)));
  });

  it('reads the same after any number of broken ones', async () => {
    const before = await read(good);
    for (const broken of ['external', 'virtual', 'enormous', 'linked'])
      await expect(read(join(reference, `hostile/${broken}.h5`))).rejects.toThrow('not a valid');
    expect(await read(good)).toEqual(before);
  });

  it('is refused when its decoder does not come to an end', async () => {
    const program = decoderThat('for (;;);');
    await expect(read(good, { program, processorSeconds: 1 })).rejects.toThrow(
      /not a valid published logits: .* more than 1 s of processor time$/,
    );
    await expect(read(good, { program: decoderThat(''), seconds: 0.5 })).rejects.toThrow(
      /more than 0.5 s$/,
    );
  });

  it.each([
    ['objects', 'const held = []; for (;;) held.push(new Array(1000).fill(held.length));'],
    ['WebAssembly', 'const m = new WebAssembly.Memory({ initial: 1 }); for (;;) m.grow(1000);'],
    ['buffers', 'const held = []; for (;;) held.push(Buffer.alloc(2 ** 24, 1));'],
  ])('is refused when its decoder exhausts its memory by %s', async (_, does) => {
    // An error that nobody catches ends the decoder by an exit code, as V8's own end by a signal.
    const program = decoderThat(`try { ${does} } catch { process.abort(); }`);
    await expect(read(good, { program, memoryBytes: 400e6 })).rejects.toThrow(
      /not a valid published logits: .* crashed the decoder \(SIG\w+\), which had 400 MB of memory$/,
    );
  });

  it('can be tried again when its decoder was killed from outside', async () => {
    const program = decoderThat("process.kill(process.pid, 'SIGKILL');");
    await expect(read(good, { program })).rejects.toThrow(/^the process that read .* \(SIGKILL\)$/);
  });

  it('is read also when its decoder ends before anybody looked at its answer', async () => {
    // Ended processes are found all at once, whenever one of them ends.
    const told = (name: string) => join(folder, name);
    const decoder = (name: string): string => {
      const program = told(`${name}.js`);
      const answer = `{ value: '${name}', sha256: '' }`;
      writeFileSync(
        program,
        `const { existsSync, writeFileSync, renameSync } = require('node:fs');
        process.on('message', () => {
          writeFileSync('${told(name)}.new', String(process.pid));
          renameSync('${told(name)}.new', '${told(name)}');
          while (!existsSync('${told(name)}-go'));
          process.send(${answer}, () => process.exit());
        });`,
      );
      return program;
    };
    const waiting = async (name: string): Promise<void> => {
      while (!existsSync(told(name))) await new Promise((resolve) => setTimeout(resolve, 10));
    };
    /** Returns when the process has ended, and nothing else could happen here. */
    const endNow = (name: string): void => {
      writeFileSync(told(`${name}-go`), '');
      const state = `/proc/${readFileSync(told(name), 'utf8')}/stat`;
      while (!/\) Z /.test(readFileSync(state, 'utf8')));
      // The news of it comes a moment later.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    };
    const first = read(good, { program: decoder('first') }).then(({ value }) => {
      endNow('second');
      return value;
    });
    const second = read(good, { program: decoder('second') });
    await Promise.all([waiting('first'), waiting('second')]);
    endNow('first');
    expect(await first).toBe('first');
    expect((await second).value).toBe('second');
  });

  it('is not read at all when it is larger than is read', async () => {
    await expect(read(good, { largestBytes: 1000 })).rejects.toThrow(/has 2300 bytes, more than/);
  });

  it('meets no credential: its environment is empty', async () => {
    process.env['CED_PAYLOAD_KEYS'] = 'secret';
    try {
      const program = decoderThat(
        'process.send({ value: Object.keys(process.env), sha256: "" }, () => process.exit());',
      );
      const { value } = await read(good, { program });
      expect(value).not.toContain('CED_PAYLOAD_KEYS');
      expect(value).not.toContain('PATH');
    } finally {
      delete process.env['CED_PAYLOAD_KEYS'];
    }
  });
});
