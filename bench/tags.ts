/**
 * `npm run bench -- tags`: how long after its last sample `ced tag --stream` prints a window, fed
 * with noise through a real pipe in real time; and whether memory grows with a recording.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { MODEL_PRESETS } from '../ced/model/config';
import { initialWeights } from '../ced/model/initial-weights';
import { encodeSafetensors } from '../ced/model/safetensors';
import { commandLine } from '../infra/command-line/command-line';
import { amount, atLeast, count, oneOf } from '../infra/command-line/option';
import { repositoryRoot } from '../infra/toolchain';
import { MODELS } from './models';
import { memoryBytes } from './process-memory';
import { median } from './table';

const RATE = 16_000;
/** What a recorder such as arecord gives at a time. */
const PART_SECONDS = 0.02;
const LIMIT_MS = 300;
const ALLOWED_GROWTH_BYTES = 64e6;

const line = commandLine({
  program: 'npm run bench -- tags',
  usage: '[options]',
  about: [
    'Feeds noise to ced tag --stream through a pipe in real time, and prints how long after the ' +
      'last sample of each window its line came. With --minutes it also feeds a recording as ' +
      'fast as it is taken to ced tag --window, and compares the memory in its course.',
  ],
  options: {
    model: { value: 'M', is: oneOf(...MODELS), default: 'mini', help: MODELS.join(', ') },
    window: { value: 'S', is: amount, default: 2, help: 'seconds of a window' },
    hop: { value: 'S', is: amount, default: 0.5, help: 'seconds from one window to the next' },
    seconds: { value: 'S', is: count, default: 20, help: 'of sound, in real time' },
    minutes: { value: 'N', is: atLeast(0), default: 0, help: 'of the recording; 0 = none' },
  },
  examples: [
    'npm run bench -- tags --model tiny --seconds 10 --minutes 30',
    'npm run bench -- tags --minutes 1440',
  ],
});

type Options = NonNullable<ReturnType<typeof line.parse>>['values'];
type Child = ChildProcessByStdio<Writable, Readable, null>;

/** @returns exit status: 1 when a line came too late, or the memory grew */
export async function tagsBench(argv: readonly string[]): Promise<number> {
  return await line.run(argv, async ({ values }) => {
    const folder = mkdtempSync(join(tmpdir(), 'ced-bench-tags-'));
    try {
      const config = MODEL_PRESETS[values.model];
      const weights = encodeSafetensors(initialWeights(config, 1), 'F32');
      writeFileSync(join(folder, 'model.safetensors'), weights);
      writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
      const isLate = await latency(folder, values);
      const isGrowing = values.minutes > 0 && (await memory(folder, values));
      return isLate || isGrowing ? 1 : 0;
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

function tagger(folder: string, { window, hop }: Options, ...options: string[]): Child {
  const program = join(repositoryRoot, 'dist', 'cli', 'main.js');
  const times = ['--window', String(window), '--hop', String(hop), '--raw', 'S16_LE'];
  return spawn(process.execPath, [program, 'tag', '-', '--model', folder, ...times, ...options], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

/** int16 bytes; no two parts alike. */
function noise(part: number, seconds: number): Buffer {
  const samples = Int16Array.from(
    { length: Math.round(seconds * RATE) },
    (_, at) => Math.imul(part * RATE + at + 1, 2654435761) >> 18,
  );
  return Buffer.from(samples.buffer);
}

async function latency(folder: string, options: Options): Promise<boolean> {
  const child = tagger(folder, options, '--stream', '--format', 'jsonl');
  const sentMs: number[] = [];
  const late: number[] = [];
  const reading = (async () => {
    for await (const text of createInterface({ input: child.stdout })) {
      const { end } = JSON.parse(text) as { end: number };
      late.push(performance.now() - sentMs[Math.ceil(end / PART_SECONDS - 1e-9) - 1]!);
    }
  })();
  // It loads its model and traces its functions first: the first window is not of a live stream.
  const first = Math.round(options.window / PART_SECONDS);
  for (let part = 0; part < first; part++) {
    child.stdin.write(noise(part, PART_SECONDS));
    sentMs.push(performance.now());
  }
  while (late.length === 0) await wait(10);
  const startMs = performance.now();
  const parts = Math.round(options.seconds / PART_SECONDS);
  for (let part = 0; part < parts; part++) {
    await wait(Math.max(0, startMs + (part + 1) * PART_SECONDS * 1000 - performance.now()));
    child.stdin.write(noise(first + part, PART_SECONDS));
    sentMs.push(performance.now());
  }
  child.stdin.end();
  await reading;
  const own = late.slice(1).sort((a, b) => a - b);
  const worst = own.at(-1) ?? NaN;
  console.log(
    `${options.model}, window ${options.window} s, hop ${options.hop} s: ${own.length} windows ` +
      `printed ${median(own).toFixed(0)} ms after their last sample (median), ` +
      `${worst.toFixed(0)} ms at most (limit ${LIMIT_MS} ms)`,
  );
  return !(worst <= LIMIT_MS);
}

async function memory(folder: string, options: Options): Promise<boolean> {
  const child = tagger(folder, options, '--format', 'jsonl');
  child.stdout.resume();
  const resident: number[] = [];
  const startMs = performance.now();
  for (let second = 0; second < options.minutes * 60; second++) {
    if (!child.stdin.write(noise(second, 1))) await once(child.stdin, 'drain');
    if ((second + 1) % (options.minutes * 15) !== 0) continue;
    resident.push(memoryBytes(child.pid, 'VmRSS'));
    const elapsed = (performance.now() - startMs) / 1000;
    console.log(`quarter ${resident.length} of 4 fed after ${elapsed.toFixed(0)} s`);
  }
  const ended = once(child, 'close');
  child.stdin.end();
  await ended;
  const [, half = NaN, , whole = NaN] = resident;
  const megabytes = resident.map((bytes) => (bytes / 1e6).toFixed(0)).join(', ');
  console.log(`${options.minutes} minutes, resident MB after each quarter: ${megabytes}`);
  return !(whole - half <= ALLOWED_GROWTH_BYTES);
}
