/**
 * `npm run bench -- ingest`: decode, resample and shard, beside soundfile and soxr in Python. Both work on the same files, in turns, and are compared by the
 * CPU time of their process: the speed of one core, whatever else the machine does. Ours also checks FLAC's MD5 and hashes every clip.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { decodeClip } from '../activities/download/decode-clip';
import { encodeNpyInt16 } from '../ced/audio/npy';

const PACKAGES = ['soundfile==0.14.0', 'soxr==1.1.0', 'numpy==2.4.6'];
const CLIP_SECONDS = 10;
const CLIPS = 8;

const PYTHON = `
import io, sys, time
import numpy as np, soundfile, soxr
folder, clips, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
draw = np.random.default_rng(1)
for kind, rate, channels in (('wav', 16000, 1), ('flac', 44100, 2)):
    for clip in range(clips):
        time_axis = np.arange(rate * seconds) / rate
        tone = 0.3 * np.sin(2 * np.pi * (200 + 90 * clip) * time_axis)[:, None]
        soundfile.write(f'{folder}/{clip}.{kind}', tone + 0.02 * draw.standard_normal((rate * seconds, channels)), rate, subtype='PCM_16')
print('ready', flush=True)
for line in sys.stdin:
    kind = line.strip()
    started = time.process_time()
    parts = []
    for clip in range(clips):
        samples, rate = soundfile.read(io.BytesIO(open(f'{folder}/{clip}.{kind}', 'rb').read()), dtype='float32', always_2d=True)
        mono = soxr.resample(samples.mean(axis=1), rate, 16000, quality='VHQ') if rate != 16000 else samples[:, 0]
        parts.append(np.clip(np.round(mono * 32768), -32768, 32767).astype(np.int16))
    np.save(io.BytesIO(), np.concatenate(parts))
    print(time.process_time() - started, flush=True)
`;

/** @returns the exit status */
export async function ingestBench(argv: string[]): Promise<number> {
  const rounds = Number(argv[0] ?? 5);
  if (argv.includes('--help') || !(rounds > 0)) {
    process.stdout.write(
      'npm run bench -- ingest [ROUNDS]\n\nDecodes, resamples and shards FLAC 44.1 kHz stereo and WAV 16 kHz, beside soundfile and soxr.\n',
    );
    return rounds > 0 ? 0 : 2;
  }
  const folder = mkdtempSync(join(tmpdir(), 'ced-ingest-'));
  const python = spawn('python3', ['-c', PYTHON, folder, String(CLIPS), String(CLIP_SECONDS)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, PYTHONPATH: pythonPackages(), OMP_NUM_THREADS: '1' },
  });
  try {
    const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
    await lines.next();
    process.stdout.write('seconds of audio per CPU second: median of ours, of Python, and their ratio\n');
    for (const kind of ['flac', 'wav']) {
      const [ours, theirs]: [number[], number[]] = [[], []];
      // The first round of each pays for loading and compiling.
      for (let round = 0; round <= rounds; round++) {
        python.stdin.write(`${kind}\n`);
        theirs.push(Number((await lines.next()).value));
        ours.push(await oursSeconds(folder, kind));
      }
      const [us, them] = [speed(ours.slice(1)), speed(theirs.slice(1))];
      process.stdout.write(`${kind.padEnd(5)} ${us.toFixed(0).padStart(6)} ${them.toFixed(0).padStart(6)} ${(us / them).toFixed(2)}\n`);
    }
    return 0;
  } finally {
    python.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function oursSeconds(folder: string, kind: string): Promise<number> {
  const started = process.cpuUsage();
  const parts: Int16Array[] = [];
  for (const name of readdirSync(folder).filter((file) => file.endsWith(kind))) {
    const pcm = await decodeClip(readFileSync(join(folder, name)), name);
    createHash('sha256').update(pcm).digest();
    parts.push(pcm);
  }
  encodeNpyInt16(
    parts.reduce((sum, { length }) => sum + length, 0),
    parts,
  );
  const { user, system } = process.cpuUsage(started);
  return (user + system) / 1e6;
}

function speed(seconds: number[]): number {
  const sorted = [...seconds].sort((a, b) => a - b);
  return (CLIPS * CLIP_SECONDS) / (sorted[sorted.length >> 1] ?? NaN);
}

/** Installed once, in the cache that set-up uses. */
function pythonPackages(): string {
  const folder = join(process.env['CED_CACHE'] ?? join(homedir(), '.cache/ced-distillation'), 'python-audio');
  if (existsSync(join(folder, 'soxr'))) return folder;
  const { status } = spawnSync('python3', ['-m', 'pip', 'install', '--quiet', '--target', folder, ...PACKAGES], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`pip could not install ${PACKAGES.join(', ')}`);
  return folder;
}
