/**
 * What a network of others says of itself, and in ONNX what it does with clips as long as a chunk
 * and with shorter ones.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sampleRate as usualRate } from '../../ced/audio/mono16k';
import { FormatInvalid } from '../../ced/format-invalid';
import { adaptations, SHORTER } from '../../ced/teachers/adaptations';
import { TeacherInvalid } from '../../ced/teachers/teacher-invalid';
import { rateOf } from '../../ced/teachers/waveform-windows';
import { sampleRateSchema } from '../../workflows/contract/sample-rates';
import { onnxParameterCount, onnxSampleRate } from '../../ced/teachers/onnx-file';
import { savedModelSignature } from '../../ced/teachers/saved-model-net';
import { otherRateNote } from '../../ced/teachers/usual-windows';
import type { Vocabulary } from '../../ced/teachers/vocabulary';
import { UNKNOWN_RATE, type ProbedTeacher } from '../../ced/teachers/waveform-probe';
import {
  onnxFile,
  savedModelFile,
  writeOnnx,
  type WaveformDeclaration,
} from '../../storage/models/waveform-folder';
import { memoryFor, readApart, type ReaderLimits } from '../../storage/reader/read-apart';
import type { FileTeacher } from '../../workflows/contract/run-file-sections';
import type { InputPlace } from './read-input';

/** Processor time for four clips. One that needs more is stored and told, not refused. */
const PROBE_SECONDS = 15;

export type WaveformTeacher = Exclude<FileTeacher, { format: 'ced' }>;

interface Asked {
  teacher: WaveformTeacher;
  /** The teacher's own classes. */
  own: Vocabulary;
  chunkSeconds: number;
}

/** What a run file says of the network, without what it leaves out. */
function declaration({ teacher, own }: Asked, parameters: number): WaveformDeclaration {
  const { format, output } = teacher;
  const { input, outputName, axis, pool, sampleRate, windowSeconds, hopSeconds, pad } = teacher;
  const optional = { input, outputName, axis, pool, sampleRate, windowSeconds, hopSeconds, pad };
  const given = Object.entries(optional).filter(([, value]) => value !== undefined);
  return {
    ...{ format, output, vocabulary: own, parameters },
    ...(Object.fromEntries(given) as Partial<WaveformDeclaration>),
  };
}

interface Looked {
  declared: WaveformDeclaration;
  notes: string[];
}

/** In processes of their own: onnxruntime parses the file in native code. */
export async function lookIntoOnnx(
  files: ReadonlyMap<string, Uint8Array>,
  asked: Asked,
  { sources }: InputPlace,
): Promise<Looked> {
  const bytes = files.get(onnxFile) ?? new Uint8Array();
  const total = [...files.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  const parameters = onnxParameterCount(bytes, total - bytes.byteLength);
  const stated = onnxSampleRate(bytes);
  const { declared, notes } = withRate(declaration(asked, parameters), stated);
  const folder = await mkdtemp(join(tmpdir(), 'ced-probe-'));
  const path = join(folder, onnxFile);
  const { chunkSeconds, own } = asked;
  const isExternal = files.size > 1;
  const limits = {
    question: {
      ...declared,
      classes: own.length,
      chunkSeconds,
      isExternal,
    } satisfies ProbedTeacher,
    memoryBytes: memoryFor(total),
    ...(sources?.retry ? { retry: sources.retry } : {}),
  };
  try {
    await writeOnnx(folder, files);
    const { value: probed } = await readApart('onnxProbe', path, 'teacher', {
      processorSeconds: PROBE_SECONDS,
      ...limits,
    });
    const isKnown = stated !== null || asked.teacher.sampleRate !== undefined;
    notes.push(...lengthNotes(isKnown, probed.samples), ...probed.notes);
    if (!isKnown) notes.push(await rateNote(path, limits));
    if (probed.samples !== null || declared.windowSeconds !== undefined) return { declared, notes };
    const { value: shortestSeconds } = await readApart('onnxShortest', path, 'teacher', limits);
    if (shortestSeconds === null) return { declared, notes };
    const { pad = 'zeros' } = declared;
    notes.push(
      `it says nothing of clips shorter than ${shortestSeconds} s: ${SHORTER[pad]}` +
        (pad === 'none' ? '' : ' up to that'),
    );
    return { declared: { ...declared, shortestSeconds }, notes };
  } catch (error) {
    if (!(error instanceof FormatInvalid)) throw error;
    if (error.detail.includes(`took more than ${PROBE_SECONDS} s`))
      return { declared, notes: [...notes, `four clips took it more than ${PROBE_SECONDS} s`] };
    throw new RangeError(error.detail.replaceAll(`${path}: `, ''), { cause: error });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of a file that is slow to play, without numbers. */
async function rateNote(path: string, limits: ReaderLimits): Promise<string> {
  try {
    const processorSeconds = PROBE_SECONDS;
    return (await readApart('onnxRates', path, 'teacher', { processorSeconds, ...limits })).value;
  } catch (error) {
    if (!(error instanceof FormatInvalid)) throw error;
    return UNKNOWN_RATE;
  }
}

/** @param stated by the file. @throws TeacherInvalid for a rate that no audio is kept at */
function withRate(declared: WaveformDeclaration, stated: number | null): Looked {
  const { sampleRate = stated } = declared;
  const notes =
    stated === null || stated === sampleRate
      ? []
      : [`its metadata says ${stated} Hz, and sampleRate ${sampleRate}, which is taken`];
  if (sampleRate === null) return { declared, notes };
  if (!sampleRateSchema.safeParse(sampleRate).success)
    throw new TeacherInvalid(
      'sampleRate',
      `it takes audio at ${sampleRate} Hz, expected 1000 to 192000: say its sampleRate`,
    );
  if (sampleRate !== usualRate) return { declared: { ...declared, sampleRate }, notes };
  // Its name is that of a model which says nothing of its rate: it means the same.
  const { sampleRate: _same, ...rest } = declared;
  return { declared: rest, notes };
}

/**
 * @param isKnown whether its sample rate is declared or stated
 * @param samples that the network takes; null = any number
 */
function lengthNotes(isKnown: boolean, samples: number | null): string[] {
  const note = samples === null || isKnown ? null : otherRateNote(samples);
  return note === null ? [] : [note];
}

/**
 * Looks at the signature alone, so that a folder without one is refused here: TensorFlow is not at
 * hand where no engine is. A worker that has one tries it next (jobs/try/).
 */
export function lookIntoSavedModel(
  files: ReadonlyMap<string, Uint8Array>,
  asked: Asked,
): Promise<Looked> {
  // The variables' bytes as float32.
  const parameters = [...files].reduce(
    (sum, [path, bytes]) =>
      sum + (path.startsWith('variables/variables.data-') ? Math.floor(bytes.byteLength / 4) : 0),
    0,
  );
  const { declared, notes } = withRate(declaration(asked, parameters), null);
  const choice = { ...declared, classes: asked.own.length };
  const { layout } = savedModelSignature(files.get(savedModelFile) ?? new Uint8Array(), choice);
  const chunk = Math.round(asked.chunkSeconds * rateOf(declared));
  notes.push(...lengthNotes(asked.teacher.sampleRate !== undefined, layout.samples));
  notes.push(...adaptations(layout, 1, chunk, choice));
  return Promise.resolve({ declared, notes });
}
