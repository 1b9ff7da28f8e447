/**
 * `npm run bench -- ingest`: measures ingest against soundfile and soxr in Python. Both sides do
 * the same work on the same files in turns, and are compared by the CPU time of their process: the
 * speed of one core, whatever else the machine does.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ingestShard } from '../activities/ingest-shard';
import { planCorpus } from '../activities/plan-corpus';
import { commandLine } from '../infra/command-line/command-line';
import { count } from '../infra/command-line/option';
import { flatMemory } from './flat-memory';
import { localDependencies } from '../activities/local-dependencies';
import { ingestHead, ingestRow, type Kind } from './ingest-table';
import { median } from './table';

const line = commandLine({
  program: 'npm run bench',
  usage: 'ingest [options]',
  about: [
    'Measures ingest, from files to an audio shard on disk, against Python with libsndfile ' +
      '(soundfile) and soxr at quality VHQ, on the same files in turns. Both sides read and ' +
      'decode every clip, resample it to 16 kHz mono (FLAC is 44.1 kHz stereo, WAV is 16 kHz ' +
      'mono already), hash its samples (SHA-256), and write and fsync one shard of 512 clips, ' +
      'the default size, and its table. Ours also refuses clips of zeros, and writes the table ' +
      'as Parquet where Python writes JSON.',
    'Prints seconds of audio per CPU second, the ratio of the medians, and the goal: at least ' +
      '1.0, ours over Python. The clips take 850 MB of the temporary folder.',
  ],
  options: {
    rounds: { value: 'N', is: count, default: 5, help: 'measured runs of each side' },
    clips: {
      value: 'N',
      is: count,
      help:
        'instead: ingest this many short clips and print the resident memory at every tenth; ' +
        'exit status 1 when it grows',
    },
  },
  examples: ['npm run bench -- ingest', 'npm run bench -- ingest --clips 100000'],
});

const PACKAGES = ['soundfile==0.14.0', 'soxr==1.1.0', 'numpy==2.4.6'];
const CLIP_SECONDS = 10;
/** The default `corpus.clipsPerShard`. */
const CLIPS = 512;

const PYTHON = `
import hashlib, json, os, sys, time
import numpy as np, soundfile, soxr
folder, clips, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
draw = np.random.default_rng(1)
for kind, rate, channels in (('wav', 16000, 1), ('flac', 44100, 2)):
    for clip in range(clips):
        time_axis = np.arange(rate * seconds) / rate
        tone = 0.3 * np.sin(2 * np.pi * (200 + 90 * (clip % 60)) * time_axis)[:, None]
        noise = 0.02 * draw.standard_normal((rate * seconds, channels))
        soundfile.write(f'{folder}/{clip}.{kind}', tone + noise, rate, subtype='PCM_16')
libsndfile = soundfile.__libsndfile_version__
print(f'soundfile {soundfile.__version__} (libsndfile {libsndfile}), soxr {soxr.__version__}')
sys.stdout.flush()
for line in sys.stdin:
    kind = line.strip()
    started = time.process_time()
    parts, table, offset = [], [], 0
    for clip in range(clips):
        if kind == 'wav':
            pcm, rate = soundfile.read(f'{folder}/{clip}.{kind}', dtype='int16')
        else:
            path = f'{folder}/{clip}.{kind}'
            samples, rate = soundfile.read(path, dtype='float32', always_2d=True)
            mono = soxr.resample((samples[:, 0] + samples[:, 1]) * 0.5, rate, 16000, quality='VHQ')
            pcm = np.clip(np.round(mono * 32768), -32768, 32767).astype(np.int16)
        sha256 = hashlib.sha256(pcm).hexdigest()
        table.append({'clip': clip, 'sha256': sha256, 'offset': offset, 'samples': len(pcm)})
        offset += len(pcm)
        parts.append(pcm)
    shard = np.concatenate(parts)
    name = hashlib.sha256(shard).hexdigest()
    with open(f'{folder}/{name}.npy', 'wb') as file:
        np.save(file, shard)
        os.fsync(file.fileno())
    with open(f'{folder}/{name}.json', 'w') as file:
        json.dump(table, file)
        os.fsync(file.fileno())
    print(time.process_time() - started, flush=True)
`;

/** @returns exit status */
export async function ingestBench(argv: readonly string[]): Promise<number> {
  return await line.run(argv, async ({ values: { rounds, clips } }) => {
    if (clips !== undefined) return await flatMemory(clips);
    await compare(rounds);
    return 0;
  });
}

async function compare(rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ced-ingest-'));
  const python = spawn('python3', ['-c', PYTHON, folder, String(CLIPS), String(CLIP_SECONDS)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, PYTHONPATH: pythonPackages(), OMP_NUM_THREADS: '1' },
  });
  try {
    const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
    const libraries = String((await lines.next()).value);
    process.stdout.write(
      `${ingestHead(libraries, { clips: CLIPS, clipSeconds: CLIP_SECONDS, rounds })}\n`,
    );
    for (const kind of ['flac', 'wav'] as const) {
      const planKey = await plan(folder, kind);
      const [ours, theirs]: [number[], number[]] = [[], []];
      // The first round of each side includes loading and compiling; it is left out.
      for (let round = 0; round <= rounds; round++) {
        python.stdin.write(`${kind}\n`);
        theirs.push(Number((await lines.next()).value));
        ours.push(await oursSeconds(folder, planKey));
      }
      process.stdout.write(`${ingestRow(kind, speed(ours.slice(1)), speed(theirs.slice(1)))}\n`);
    }
  } finally {
    python.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function plan(folder: string, kind: Kind): Promise<string> {
  const rows = Array.from({ length: CLIPS }, (_, clip) =>
    JSON.stringify({ clip: String(clip), audio: `${clip}.${kind}` }),
  );
  writeFileSync(join(folder, `${kind}.jsonl`), rows.join('\n'));
  writeFileSync(join(folder, 'classes.csv'), 'index,mid,display_name\n0,,anything\n');
  const corpus = {
    train: `${kind}.jsonl`,
    vocabulary: 'classes.csv',
    clipsPerShard: CLIPS,
    maxRejected: 0,
  };
  const { planKey } = await planCorpus(
    localDependencies(folder),
    { store: 'store', corpus, chunkSeconds: 10 },
    () => undefined,
  );
  return planKey;
}

async function oursSeconds(folder: string, planKey: string): Promise<number> {
  for (const part of ['audio', 'ingest'])
    rmSync(join(folder, 'store', part), { recursive: true, force: true });
  const started = process.cpuUsage();
  const { clips } = await ingestShard(
    localDependencies(folder),
    { store: 'store', planKey, split: 'train', shard: 0 },
    () => undefined,
  );
  const { user, system } = process.cpuUsage(started);
  if (clips !== CLIPS) throw new Error(`only ${clips} of ${CLIPS} clips were used`);
  return (user + system) / 1e6;
}

function speed(seconds: number[]): number {
  return (CLIPS * CLIP_SECONDS) / median(seconds);
}

/** Installed once, in the cache that set-up uses. */
function pythonPackages(): string {
  const folder = join(
    process.env['CED_CACHE'] ?? join(homedir(), '.cache/ced-distillation'),
    'python-audio',
  );
  if (existsSync(join(folder, 'soxr'))) return folder;
  const { status } = spawnSync(
    'python3',
    ['-m', 'pip', 'install', '--quiet', '--target', folder, ...PACKAGES],
    { stdio: 'inherit' },
  );
  if (status !== 0) throw new Error(`pip could not install ${PACKAGES.join(', ')}`);
  return folder;
}
