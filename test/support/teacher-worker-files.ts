/**
 * The golden files of the contract with worker teachers, `test/reference/teacher-worker/`, which
 * the tests of python/ read too: a shard, its rows, what the reference teacher gives, and every
 * payload.
 */
import { encodeNpyInt16 } from '../../ced/audio/npy';
import { philox, streamKey, uniform } from '../../ced/augment/random';
import { chunkPlan } from '../../ced/audio/chunks';
import { sampleRate } from '../../ced/audio/mono16k';
import { npyTableHeader } from '../../ced/npy-table';
import { teacherKey, viewsKey } from '../../ced/teachers/teacher-key';
import { encodeTeacherRows, teacherRows } from '../../ced/teachers/teacher-rows';
import { sha256 } from '../../storage/store';
import {
  TEACHER_CONTRACT,
  type OutputsManifest,
  type PredictedShard,
  type PredictShardInput,
  type TeacherDescription,
} from '../../workflows/contract/teacher-worker';

const CLIP_SAMPLES = [8000, 3999, 6400];
const CHUNK_SECONDS = 0.2;
const VIEWS = {
  views: 3,
  seed: 7,
  augment: {
    shift: { maxFraction: 0.5, probability: 0.7 },
    timeMask: { maxFrames: 8 },
    freqMask: { maxBins: 24 },
  },
};
export const REFERENCE_CLASSES = [
  { mid: '/m/09x0r', name: 'Speech' },
  { mid: '/m/04rlf', name: 'Music' },
  { mid: '', name: 'Bark' },
  { mid: '/m/0k4j', name: 'Car, "loud"' },
  { mid: '/m/0jbk', name: 'Tier – Geräusch' },
];

/** Noise in whole numbers: the same in every language. */
function noise(samples: number, clip: number): Int16Array {
  const key = streamKey('teacher-worker', 1);
  return Int16Array.from({ length: samples }, (_, at) =>
    Math.floor(16_000 * (uniform(philox(key, [at, clip, 0, 0])[0]) - 0.5)),
  );
}

/**
 * The reference teacher: class c is the share of samples above zero in the c-th of equal parts of
 * the wave. Whole numbers and one division, so every language gives the same float32.
 */
export function referenceOutputs(wave: ArrayLike<number>, classes: number): number[] {
  return Array.from({ length: classes }, (_, c) => {
    const from = Math.floor((c * wave.length) / classes);
    const to = Math.floor(((c + 1) * wave.length) / classes);
    let above = 0;
    for (let at = from; at < to; at++) if (wave[at]! > 0) above++;
    return to === from ? 0 : above / (to - from);
  });
}

/** Its outputs for a row: for `samples` samples from `offset` on, `shift` of them to the right. */
export function referenceRow(
  audio: Int16Array,
  [offset, samples, shift]: readonly [number, number, number],
  classes: number,
): number[] {
  const wave = audio.subarray(offset, offset + samples);
  const shifted = new Int16Array(samples);
  wave.forEach((sample, at) => (shifted[(at + shift) % samples] = sample));
  return referenceOutputs(shifted, classes);
}

/** Every file by its name. */
export function teacherWorkerFiles(): Map<string, Uint8Array> {
  const waves = CLIP_SAMPLES.map(noise);
  const all = Int16Array.from(waves.flatMap((wave) => [...wave]));
  const audio = encodeNpyInt16(all.length, [all]);
  const offsets = CLIP_SAMPLES.map((_, clip) =>
    CLIP_SAMPLES.slice(0, clip).reduce((sum, samples) => sum + samples, 0),
  );
  const clips = waves.map((wave, clip) => ({
    sha256: sha256(new Uint8Array(wave.buffer)),
    chunks: chunkPlan(wave.length, CHUNK_SECONDS),
    offset: offsets[clip]!,
  }));
  const { bytes: rows, rows: count } = encodeTeacherRows(clips, VIEWS, sampleRate);
  const outputs = outputsOf(all, teacherRows(clips, VIEWS, sampleRate), REFERENCE_CLASSES.length);
  const classes = Buffer.from(JSON.stringify(REFERENCE_CLASSES));
  const classesSha256 = sha256(classes);
  const description: TeacherDescription = {
    contract: TEACHER_CONTRACT,
    name: 'reference',
    version: '1',
    weightsSha256: sha256('the reference teacher has no weights'),
    parameters: null,
    classes: {
      key: `teachers/classes/${classesSha256}.json`,
      sha256: classesSha256,
      count: REFERENCE_CLASSES.length,
    },
    sampleRate,
    longestSeconds: 30,
    output: 'probabilities',
    masks: false,
  };
  const { version, weightsSha256 } = description;
  const audioSha256 = sha256(audio);
  const place =
    `outputs/${teacherKey(description)}/${viewsKey(VIEWS, CHUNK_SECONDS)}/` + audioSha256;
  const input: PredictShardInput = {
    contract: TEACHER_CONTRACT,
    store: '/srv/store',
    version,
    weightsSha256,
    audio: { key: `audio/${audioSha256}.npy`, sha256: audioSha256, sampleRate },
    rows: { key: `${place}.rows.npy`, sha256: sha256(rows), count },
    output: { data: `${place}.npy`, manifest: `${place}.json` },
  };
  const manifest: OutputsManifest = {
    contract: TEACHER_CONTRACT,
    version,
    weightsSha256,
    audio: audioSha256,
    rowsSha256: input.rows.sha256,
    rows: count,
    classes: REFERENCE_CLASSES.length,
    dtype: 'float32',
    output: 'probabilities',
    bytes: outputs.length,
    sha256: sha256(outputs),
    seconds: 1.25,
  };
  const predicted: PredictedShard = {
    rows: count,
    bytes: outputs.length,
    sha256: manifest.sha256,
    reused: false,
  };
  const json = {
    'describe-input': { contract: TEACHER_CONTRACT, store: '/srv/store' },
    description,
    'predict-input': input,
    predicted,
    manifest,
    heartbeat: { unit: 'rows', done: 6, total: count, perSecond: 44.1 },
    'store-damaged-details': [[{ kind: 'audio', key: input.audio.key }]],
  };
  return new Map<string, Uint8Array>([
    ['audio.npy', audio],
    ['rows.npy', rows],
    ['outputs.npy', outputs],
    ['classes.json', classes],
    ...Object.entries(json).map(([name, value]): [string, Uint8Array] => [
      `${name}.json`,
      Buffer.from(`${JSON.stringify(value, null, 2)}\n`),
    ]),
  ]);
}

function outputsOf(audio: Int16Array, rows: BigInt64Array, classes: number): Uint8Array {
  const count = rows.length / 10;
  const values = new Float32Array(count * classes);
  for (let row = 0; row < count; row++) {
    const number = (column: number): number => Number(rows[row * 10 + column]);
    const place = [number(3), number(4), number(5)] as const;
    values.set(referenceRow(audio, place, classes), row * classes);
  }
  return Buffer.concat([npyTableHeader('<f4', count, classes), new Uint8Array(values.buffer)]);
}
