/**
 * What is stored of a teacher's outputs for an audio shard, and where: one row for each view of
 * each chunk. Every part follows from the teacher, the views and the shard, so the writer of the
 * rows, the worker and the reader agree without asking each other.
 */
import type { CorpusClips } from '../../ced/corpus/corpus-clip';
import type { ViewsSettings } from '../../ced/logits/views';
import { viewsKey } from '../../ced/teachers/teacher-key';
import { encodeTeacherRows } from '../../ced/teachers/teacher-rows';
import type { Split } from '../../workflows/contract/models';
import { TEACHER_CONTRACT, type PredictShardInput } from '../../workflows/contract/teacher-worker';
import { readAudioShard } from '../corpus/clips-at-rate';
import { layout } from '../layout';
import type { WorkerManifest } from '../models/worker-folder';
import { sha256, type Store } from '../store';

/** A teacher of any kind, as far as its outputs are concerned. */
export interface OutputsTeacher {
  /** Folder of its outputs. */
  key: string;
  version: string;
  weightsSha256: string;
  sampleRate: number;
  output: 'probabilities' | 'logits';
  /** Of its own. */
  classes: number;
  /** Whether masks reach it. */
  masks: boolean;
  /** Further settings that decide its numbers. */
  settings?: Readonly<Record<string, string>>;
}

export interface ExpectedOutputs {
  place: { data: string; manifest: string; rows: string };
  version: string;
  weightsSha256: string;
  output: 'probabilities' | 'logits';
  classes: number;
  audio: PredictShardInput['audio'];
  rows: number;
  rowsSha256: string;
}

/** With the file of its rows. */
export interface ExpectedShard extends ExpectedOutputs {
  rowsBytes: Uint8Array;
}

export function workerOutputs(manifest: WorkerManifest): OutputsTeacher {
  const { teacherKey: key, version, weightsSha256, sampleRate, output, masks } = manifest;
  const { length: classes } = manifest.vocabulary;
  return { key, version, weightsSha256, sampleRate, output, classes, masks };
}

/**
 * @param corpus of the shard alone, at 16 kHz
 * @param settings views of the logits, or the clean one; `chunkSeconds` of the corpus
 * @throws as `readAudioShard`
 */
export async function expectedOutputs(
  store: Store,
  teacher: OutputsTeacher,
  corpus: CorpusClips,
  at: { planKey: string; split: Split; shard: number },
  { views, seed, augment, chunkSeconds }: ViewsSettings & { chunkSeconds: number },
): Promise<ExpectedShard> {
  const { audio, clips } = await readAudioShard(store, corpus, at, teacher.sampleRate);
  const own = { views, seed, augment: teacher.masks ? augment : withoutMasks(augment) };
  const key = viewsKey(own, chunkSeconds, teacher.settings);
  const { bytes: rowsBytes, rows } = encodeTeacherRows(clips, own, teacher.sampleRate);
  const place = (file: 'npy' | 'json' | 'rows.npy'): string =>
    layout.outputs(teacher.key, key, audio.sha256, file);
  const { version, weightsSha256, output, classes } = teacher;
  return {
    place: { data: place('npy'), manifest: place('json'), rows: place('rows.npy') },
    ...{ version, weightsSha256, output, classes, audio },
    ...{ rows, rowsSha256: sha256(rowsBytes), rowsBytes },
  };
}

/** What a worker is asked for them. @param store its address */
export function outputsRequest(
  store: string,
  { place, version, weightsSha256, audio, rows, rowsSha256 }: ExpectedOutputs,
): PredictShardInput {
  return {
    contract: TEACHER_CONTRACT,
    store,
    version,
    weightsSha256,
    audio,
    rows: { key: place.rows, sha256: rowsSha256, count: rows },
    output: { data: place.data, manifest: place.manifest },
  };
}

/** What a worker that was asked so has to leave: the reverse of `outputsRequest`. */
export function requestedOutputs(
  { audio, rows, output: place }: PredictShardInput,
  teacher: Pick<OutputsTeacher, 'version' | 'weightsSha256' | 'output' | 'classes'>,
): ExpectedOutputs {
  const { version, weightsSha256, output, classes } = teacher;
  return {
    place: { ...place, rows: rows.key },
    ...{ version, weightsSha256, output, classes, audio },
    ...{ rows: rows.count, rowsSha256: rows.sha256 },
  };
}

/** A teacher that masks do not reach has the same outputs under any. */
function withoutMasks(augment: ViewsSettings['augment']): ViewsSettings['augment'] {
  return { ...augment, timeMask: { maxFrames: 0 }, freqMask: { maxBins: 0 } };
}
