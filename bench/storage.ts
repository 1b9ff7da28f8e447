/**
 * `npm run bench -- storage`: what logits cost to store and to read, for a made-up tagger of 527
 * classes (storage/tagger-model.ts) and for the logits of a store.
 */
import { stat } from 'node:fs/promises';
import { printJson } from '../cli/print-json';
import { commandLine } from '../infra/command-line/command-line';
import { count, text } from '../infra/command-line/option';
import { openStore } from '../storage/open-store';
import { layout } from '../storage/layout';
import { audioShardOf, logitShards, readLogitTable } from '../storage/logits/read-logits';
import { decodeLogitShard, encodeLogitShard } from '../ced/logits/shard-file';
import { shardColumnBytes } from '../ced/logits/shard-size';
import type { LogitTable } from '../ced/logits/logit-table';
import { paperHdf5Bytes } from './storage/paper-hdf5';
import { audioSetLike, taggerLogits } from './storage/tagger-model';
import { stepMicroseconds, viewReadMicroseconds } from './storage/view-reading';

const line = commandLine({
  program: 'npm run bench',
  usage: 'storage [options]',
  about: [
    'What logits cost to store and to read: bytes a row by column, share of int16 PCM, the ' +
      "paper's HDF5 with the same rows, and the CPU time to decode them.",
  ],
  options: {
    store: {
      value: 'STORE',
      is: text,
      help: 'also measure the shards of this store, a folder or gs://bucket/prefix',
    },
    shards: { value: 'N', is: count, default: 4, help: 'shards of it to read, at most' },
    json: { help: 'print JSON' },
  },
  examples: ['npm run bench -- storage --store runs/instruments'],
});

/** Classes of AudioSet: the targets written for a row. */
const classesShown = 527;

interface Measured {
  what: string;
  rows: number;
  views: number;
  topK: number;
  bytesARow: Record<string, number>;
  total: number;
  /** Of int16 PCM, all views together. */
  shareOfPcm: number;
  /** The paper stores a whole pass in a file, so `bytesAFile` hardly counts there. */
  paper: { bytesARow: number; bytesAFile: number; shareOfPcm: number };
  /** CPU time from Parquet to the table that training reads. */
  decodeMicrosecondsARow: number;
  /** CPU time of an epoch for its view of a chunk. */
  viewMicrosecondsAChunk: number;
}

/** @returns exit status */
export async function storageBench(argv: readonly string[]): Promise<number> {
  return await line.run(argv, async ({ values: { store, shards, json } }) => {
    const table = taggerLogits(audioSetLike);
    const pcmBytes = audioSetLike.clips * 10 * 16_000 * 2;
    const measured = [
      await measure(`${audioSetLike.classes} made-up classes, 10 s`, [
        { table, bytes: await encodeLogitShard(table), pcmBytes },
      ]),
    ];
    if (store !== undefined) measured.push(...(await measureStore(store, shards)));
    const stepMicrosecondsAChunk = await stepMicroseconds();
    if (json) printJson({ formatVersion: 1, measured, stepMicrosecondsAChunk });
    else console.log(measured.map((each) => asText(each, stepMicrosecondsAChunk)).join('\n\n'));
    return 0;
  });
}

interface Shard {
  table: LogitTable;
  bytes: Uint8Array;
  pcmBytes: number;
}

async function measureStore(uri: string, most: number): Promise<Measured[]> {
  const store = openStore(process.cwd(), uri);
  const measured: Measured[] = [];
  for (const [key, audioShards] of await logitShards(store, '')) {
    const shards: Shard[] = [];
    for (const audioShard of audioShards.slice(0, most)) {
      const audio = await audioShardOf(store, key, audioShard);
      const { size } = await stat(await store.localFile(layout.audio(audio)));
      shards.push({ ...(await readLogitTable(store, key, audioShard)), pcmBytes: size });
    }
    measured.push(
      await measure(
        `logits/${key.slice(0, 12)}, ${shards.length} of ${audioShards.length} shards`,
        shards,
      ),
    );
  }
  return measured;
}

async function measure(what: string, shards: readonly Shard[]): Promise<Measured> {
  const rows = shards.reduce((sum, { table }) => sum + table.rows, 0);
  const pcmBytes = shards.reduce((sum, shard) => sum + shard.pcmBytes, 0);
  const columns = new Map<string, number>();
  let [total, paper, paperFile, decodeMs] = [0, 0, 0, 0];
  for (const { table, bytes } of shards) {
    total += bytes.length;
    const hdf5 = await paperHdf5Bytes(table);
    paper += hdf5.rows;
    paperFile = hdf5.aFile;
    for (const [name, size] of shardColumnBytes(bytes))
      columns.set(name, (columns.get(name) ?? 0) + size);
    decodeMs += await fastestDecodeMs(bytes);
  }
  const [first] = shards;
  return {
    what,
    rows,
    views: first ? new Set(first.table.view).size : 0,
    topK: first?.table.topK ?? 0,
    bytesARow: Object.fromEntries([...columns].map(([name, size]) => [name, size / rows])),
    total: total / rows,
    shareOfPcm: total / pcmBytes,
    paper: { bytesARow: paper / rows, bytesAFile: paperFile, shareOfPcm: paper / pcmBytes },
    decodeMicrosecondsARow: (1000 * decodeMs) / rows,
    viewMicrosecondsAChunk: first
      ? await viewReadMicroseconds(first.table, new Set(first.table.view).size, classesShown)
      : 0,
  };
}

/** CPU time, the best of eight: the cost once compiled, without other work on the machine. */
async function fastestDecodeMs(bytes: Uint8Array): Promise<number> {
  let fastest = Infinity;
  for (let repeat = 0; repeat < 8; repeat++) {
    const before = process.cpuUsage();
    await decodeLogitShard(bytes);
    const { user, system } = process.cpuUsage(before);
    fastest = Math.min(fastest, (user + system) / 1000);
  }
  return fastest;
}

function asText(measured: Measured, stepMicrosecondsAChunk: number): string {
  const {
    what,
    rows,
    views,
    topK,
    bytesARow,
    total,
    shareOfPcm,
    paper,
    decodeMicrosecondsARow,
    viewMicrosecondsAChunk,
  } = measured;
  const cells = (name: string, value: number, unit = ''): string =>
    `  ${name.padEnd(12)} ${value.toFixed(2).padStart(7)}${unit}`;
  const epochShare = ((100 * viewMicrosecondsAChunk) / stepMicrosecondsAChunk).toPrecision(2);
  const percent = (share: number): string => `, ${(100 * share).toFixed(3)} % of int16 PCM`;
  return [
    `${what}: ${rows} rows, ${views} views, top ${topK}; bytes a row`,
    ...Object.entries(bytesARow).map(([name, bytes]) => cells(name, bytes)),
    cells('together', total, percent(shareOfPcm)),
    cells(
      "paper's HDF5",
      paper.bytesARow,
      `${percent(paper.shareOfPcm)}, and ${paper.bytesAFile} bytes a file`,
    ),
    `  a view read in ${viewMicrosecondsAChunk.toFixed(1)} µs of CPU a chunk: ` +
      `${epochShare} % of an epoch of CED-tiny here ` +
      `(${(stepMicrosecondsAChunk / 1000).toFixed(1)} ms a chunk of 10 s)`,
    `  decoded, once a job, in ${decodeMicrosecondsARow.toFixed(1)} µs of CPU a row: ` +
      `${((decodeMicrosecondsARow * views) / 1000).toFixed(2)} ms for all views of a chunk`,
  ].join('\n');
}
