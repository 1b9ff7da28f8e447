/** Layouts of people's own recordings, and archives of these and of published ones. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Format } from './audio-writer';
import { encodeHubParquet, type HubRow } from './hub-parquet';
import { esc50, speechCommands } from './published-layouts';
import type { Replica, ReplicaWriter } from './replica';

const NAMES = ['violin', 'Glöckchen', 'snare #1', 'big tuba'];
const FORMATS: readonly Format[] = ['wav', 'flac', 'ogg', 'mp3'];

/** A folder a class: formats, rates, channels and lengths mixed, and a text among them. */
export async function folders(to: ReplicaWriter): Promise<Replica> {
  for (const [number, name] of NAMES.slice(0, 3).entries())
    for (let take = 1; take <= 20; take++)
      await to.clip(`${name}/recording ${take}`, [number], {
        format: FORMATS[take % 4]!,
        rate: [16_000, 44_100, 48_000][take % 3]!,
        channels: 1 + (take % 2),
        seconds: 0.5 + 0.2 * (take % 5),
      });
  to.text('violin/notes.txt', 'bought in May\n');
  return to.finished('a folder a class, 3 classes');
}

/** Flat files with a CSV beside them. */
export async function flatCsv(to: ReplicaWriter): Promise<Replica> {
  const rows = ['file_name,label,comment'];
  for (let clip = 0; clip < 48; clip++) {
    const file = await to.clip(`rec_${1000 + clip}`, [clip % 4], { format: FORMATS[clip % 2]! });
    rows.push(`${file},${NAMES[clip % 4]},"loud, near"`);
  }
  to.lines('recordings.csv', rows);
  return to.finished('tables that name audio files');
}

/** WebDataset: shards of a clip and its label in JSON. */
export async function webDataset(to: ReplicaWriter): Promise<Replica> {
  for (let shard = 0; shard < 3; shard++) {
    const folder = `shard-${shard}`;
    for (let clip = 0; clip < 16; clip++) {
      const stem = `${folder}/sample${shard}${String(clip).padStart(3, '0')}x`;
      await to.clip(stem, [clip % 4], { format: 'flac' });
      to.text(`${stem}.json`, JSON.stringify({ label: NAMES[clip % 4] }));
    }
    const archive = join(to.folder, `${folder}.tar`);
    const packed = join(to.folder, folder);
    execFileSync('tar', ['--create', '--sort=name', '--file', archive, '--directory', packed, '.']);
    rmSync(packed, { recursive: true });
  }
  return to.finished('WebDataset, 3 shards');
}

/** WebDataset as hubs hold it: a single tar, class numbers in `.cls`, their names beside it. */
export async function webDatasetTar(to: ReplicaWriter): Promise<Replica> {
  const folder = join(to.folder, 'samples');
  for (let clip = 0; clip < 48; clip++) {
    const stem = `samples/${String(clip).padStart(6, '0')}`;
    await to.clip(stem, [clip % 4], { format: 'ogg' });
    to.text(`${stem}.cls`, String(clip % 4));
  }
  const archive = join(to.folder, 'sounds.tar');
  execFileSync('tar', ['--create', '--sort=name', '--file', archive, '--directory', folder, '.']);
  rmSync(folder, { recursive: true });
  to.lines('classnames.txt', NAMES);
  return to.finished('WebDataset, a shard', archive);
}

/** Parquet as the hub holds it: audio in the rows, a file for each split, ClassLabel names. */
export async function hubParquet(to: ReplicaWriter): Promise<Replica> {
  let first = 0;
  for (const [file, clips] of [
    ['train-00000-of-00002', 20],
    ['train-00001-of-00002', 20],
    ['test-00000-of-00001', 12],
  ] as const) {
    const rows: HubRow[] = [];
    for (let clip = first; clip < first + clips; clip++) {
      const path = await to.clip(`clip ${clip}x`, [clip % 4], { format: FORMATS[clip % 4]! });
      const bytes = readFileSync(join(to.folder, path));
      rows.push({ audio: { bytes, path }, label: clip % 4 });
      rmSync(join(to.folder, path));
    }
    to.bytes(`data/${file}.parquet`, encodeHubParquet(rows, { names: NAMES, rowGroupSize: 8 }));
    first += clips;
  }
  to.text('README.md', '---\ndataset_info: sounds\n---\n');
  return to.finished("3 Parquet files as Hugging Face's datasets writes them");
}

export async function zippedEsc50(to: ReplicaWriter): Promise<Replica> {
  const { expected, place } = await esc50(to);
  const archive = archiveOf(to, 'ESC-50-master.zip');
  execFileSync('python3', ['-m', 'zipfile', '--create', archive, place]);
  return { expected, place: archive };
}

export async function tarredFolders(to: ReplicaWriter): Promise<Replica> {
  const { expected, place } = await folders(to);
  return { expected, place: tarred(to, place, 'recordings.tar') };
}

export async function gzippedSpeechCommands(to: ReplicaWriter): Promise<Replica> {
  const { expected, place } = await speechCommands(to);
  return { expected, place: tarred(to, place, 'speech_commands_v0.02.tar.gz') };
}

function tarred(to: ReplicaWriter, folder: string, name: string): string {
  const archive = archiveOf(to, name);
  const how = name.endsWith('gz') ? ['--gzip'] : [];
  const content = ['--directory', dirname(folder), basename(folder)];
  execFileSync('tar', ['--create', ...how, '--file', archive, ...content]);
  return archive;
}

function archiveOf(to: ReplicaWriter, name: string): string {
  const folder = `${to.folder}-packed`;
  mkdirSync(folder, { recursive: true });
  return join(folder, name);
}
