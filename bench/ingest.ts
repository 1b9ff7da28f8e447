/**
 * `npm run bench -- ingest`: the download stage, from files to an audio shard on disk, beside
 * soundfile and soxr in Python. Both read, decode, resample, hash every clip and write one shard,
 * of the same files, in turns, and are compared by the CPU time of their process: the speed of one
 * core, whatever else the machine does. Ours also checks that a clip's samples are not all zero,
 * and writes the shard's table.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { ingestShard } from '../activities/ingest-shard';
import { planCorpus } from '../activities/plan-corpus';
import { UsageError } from '../cli/failure';
import { flatMemory } from './flat-memory';
import { localDependencies } from '../activities/local-dependencies';
import { ingestHead, ingestRow, type Kind } from './ingest-table';
import { median } from './table';

const help = `npm run bench -- ingest [options]

From files to an audio shard on disk, beside Python with libsndfile (soundfile) and soxr at quality VHQ, of the same files in turns. Both sides read and
decode every clip, resample it to 16 kHz mono (FLAC is 44.1 kHz stereo, WAV is 16 kHz mono already), hash its samples (SHA-256), and write and fsync
one shard of 512 clips, as by default, and its table; ours also looks for clips of zeros, and writes the table as Parquet where Python writes JSON.
Printed are seconds of audio per CPU second, the ratio of the medians, and the goal: at least 1.0, ours over Python's. The clips take 850 MB of the
temporary folder.

  --rounds N   measured runs of each side (default 5)
  --clips N    instead: that many short clips through the whole download stage, and the resident memory every tenth of the way;
               exits with 1 when it grows
  --help       this text`;

const PACKAGES = ['soundfile==0.14.0', 'soxr==1.1.0', 'numpy==2.4.6'];
const CLIP_SECONDS = 10;
/** As many as a shard holds where a run file says nothing else. */
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
        soundfile.write(f'{folder}/{clip}.{kind}', tone + 0.02 * draw.standard_normal((rate * seconds, channels)), rate, subtype='PCM_16')
print(f'soundfile {soundfile.__version__} (libsndfile {soundfile.__libsndfile_version__}), soxr {soxr.__version__}', flush=True)
for line in sys.stdin:
    kind = line.strip()
    started = time.process_time()
    parts, table, offset = [], [], 0
    for clip in range(clips):
        if kind == 'wav':
            pcm, rate = soundfile.read(f'{folder}/{clip}.{kind}', dtype='int16')
        else:
            samples, rate = soundfile.read(f'{folder}/{clip}.{kind}', dtype='float32', always_2d=True)
            mono = soxr.resample((samples[:, 0] + samples[:, 1]) * 0.5, rate, 16000, quality='VHQ')
            pcm = np.clip(np.round(mono * 32768), -32768, 32767).astype(np.int16)
        table.append({'clip': clip, 'sha256': hashlib.sha256(pcm).hexdigest(), 'offset': offset, 'samples': len(pcm)})
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

/** @returns the exit status */
export async function ingestBench(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      rounds: { type: 'string', default: '5' },
      clips: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(`${help}\n`);
    return 0;
  }
  if (values.clips !== undefined) return await flatMemory(above0('clips', values.clips));
  await compare(above0('rounds', values.rounds));
  return 0;
}

function above0(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new UsageError(`--${option} ${text}: expected a whole number above 0`);
  return value;
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
      // The first round of each pays for loading and compiling.
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
