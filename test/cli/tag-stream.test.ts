/**
 * Sound that is tagged while it is recorded. No test here waits for a time: a window whose samples
 * are there has to be printed although nothing more is sent, or the test never ends.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { repositoryRoot } from '../../infra/toolchain';
import { wavBytes } from '../ced/audio/wav-bytes';
import { referencePredictor, sweep, writeReferenceModel } from '../support/tagged-model';
import { documentedOutput } from '../support/documented-output';

const rate = 16_000;
const samples = sweep(4);
const OPTIONS = ['--stream', '--window', '1', '--hop', '0.5', '--format', 'jsonl'];

interface Window {
  start: number;
  end: number;
  tags: { label: string; probability: number }[];
}

describe('ced tag --stream', () => {
  let folder: string;
  let model: string;
  const children: ChildProcessWithoutNullStreams[] = [];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-tag-stream-'));
    model = writeReferenceModel(join(folder, 'model'));
  });
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  interface Started {
    child: ChildProcessWithoutNullStreams;
    /** The next line of its output, null at its end. */
    next: () => Promise<Window | null>;
    /** Exit status, or the signal that ended it. */
    ended: Promise<number | string | null>;
    complaint: () => string;
  }

  function start(...argv: string[]): Started {
    const program = join(repositoryRoot, 'dist', 'cli', 'main.js');
    const child = spawn(process.execPath, [program, 'tag', '-', '--model', model, ...argv]);
    children.push(child);
    let complaint = '';
    child.stderr.on('data', (bytes: Buffer) => (complaint += bytes.toString()));
    child.stdin.on('error', () => undefined); // it may end before it has read all
    const reader = createInterface({ input: child.stdout });
    const lines: AsyncIterator<string, undefined> = reader[Symbol.asyncIterator]();
    return {
      child,
      next: async () => {
        const line = await lines.next();
        return line.done === true ? null : documentedOutput<Window>('tag-stream', line.value);
      },
      ended: new Promise((resolve) => {
        child.once('close', (code: number | null, signal: string | null) =>
          resolve(code ?? signal),
        );
      }),
      complaint: () => complaint,
    };
  }
  const spanOf = (window: Window | null): number[] | null => window && [window.start, window.end];

  it('prints a window once its last sample has come, after a header without a length', async () => {
    const bytes = Buffer.from(wavBytes([samples], { bits: 16, statedDataBytes: 0xffffffff }));
    const upTo = (seconds: number): number => 44 + seconds * rate * 2;
    const { child, next, ended, complaint } = start(...OPTIONS, '--top', '3');
    let sent = 0;
    const send = (seconds: number): void => {
      child.stdin.write(bytes.subarray(sent, upTo(seconds)));
      sent = upTo(seconds);
    };
    const predictor = referencePredictor();
    send(1);
    for (const end of [1, 1.5, 2, 2.5]) {
      const window = await next();
      expect(spanOf(window)).toEqual([end - 1, end]);
      const pcm = Int16Array.from(samples.slice((end - 1) * rate, end * rate));
      const scores = predictor.probabilities({ pcm, batch: 1, samples: rate, masks: null });
      expect(window?.tags.map(({ probability }) => probability)).toEqual(
        [...scores]
          .sort((a, b) => b - a)
          .slice(0, 3)
          .map((score): unknown => expect.closeTo(score, 5)),
      );
      send(end + 0.5);
    }
    predictor.dispose();
    expect(spanOf(await next())).toEqual([2, 3]);
    send(3.2);
    child.stdin.end();
    expect(spanOf(await next())).toEqual([2.2, 3.2]);
    expect(await next()).toBeNull();
    expect(await ended).toBe(0);
    expect(complaint()).toBe('');
  });

  it('at another rate waits for no more than the resampler looks ahead', async () => {
    const raw = ['--raw', 'FLOAT_LE', '--raw-rate', '48000', '--raw-channels', '2'];
    const { child, next, ended } = start(...OPTIONS, ...raw);
    const frames = (count: number): Buffer => Buffer.alloc(count * 2 * 4);
    child.stdin.write(frames(48_000 + 144)); // a second, and three milliseconds
    expect(spanOf(await next())).toEqual([0, 1]);
    child.stdin.write(frames(24_000));
    expect(spanOf(await next())).toEqual([0.5, 1.5]);
    child.stdin.end();
    expect(spanOf(await next())).toEqual([0.503, 1.503]);
    expect(await ended).toBe(0);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'ends on %s with the windows of what it was given, and without a complaint',
    async (signal) => {
      const { child, next, ended, complaint } = start(...OPTIONS, '--raw', 'S16_LE');
      const pcm = Buffer.from(Int16Array.from(samples).buffer);
      child.stdin.write(pcm.subarray(0, 1.2 * rate * 2));
      expect(spanOf(await next())).toEqual([0, 1]);
      child.kill(signal);
      expect(spanOf(await next())).toEqual([expect.closeTo(0.2, 9), 1.2]);
      expect(await next()).toBeNull();
      expect(await ended).toBe(0);
      expect(complaint()).toBe('');
    },
  );

  it('ends without a complaint when the reader of its output has gone', async () => {
    const { child, next, ended, complaint } = start(...OPTIONS, '--raw', 'S16_LE');
    const pcm = Buffer.from(Int16Array.from(samples).buffer);
    child.stdin.write(pcm.subarray(0, rate * 2));
    expect(spanOf(await next())).toEqual([0, 1]);
    child.stdout.destroy();
    child.stdin.write(pcm.subarray(rate * 2));
    expect(await ended).toBe(0);
    expect(complaint()).toBe('');
  });

  it('refuses a format that it cannot decode while it comes', async () => {
    const { child, ended, complaint } = start(...OPTIONS);
    child.stdin.end(Buffer.from('neither sound nor anything else'));
    expect(await ended).toBe(1);
    expect(complaint()).toMatch(/^error: -: unknownFormat: - starts with 6e656974/);
  });
});
