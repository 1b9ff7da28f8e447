/**
 * Tries a teacher with a front end of its own before anything is spent on a run: batches of one and
 * of three clips as long as a chunk, then ever shorter clips, down to the shortest that it says
 * something of. What the numbers are worth is seen on clips of the corpus (output-fault.ts).
 */
import { sampleRate as usualRate } from '../audio/mono16k';
import { philox, streamKey, uniform } from '../augment/random';
import { adaptations } from './adaptations';
import { loadOnnxNet } from './onnx-net';
import { madeSounds } from './probe-clips';
import { rowFault } from './output-fault';
import { TeacherInvalid } from './teacher-invalid';
import { otherUsualRates } from './usual-windows';
import type { TensorChoice } from './waveform-layout';
import { rateOf } from './waveform-windows';
import { waveformProbabilities, type WaveformNet, type WaveformOutput } from './waveform-net';

const BATCHES = [1, 3];
/** Below the shortest chunk of a run, 0.2 s. */
const SHORTEST_TRIED_SECONDS = 0.1;
/** How exactly the shortest clip is found. */
const STEP_SECONDS = 0.01;
/** Hz that networks take beside 16 kHz, where their length tells none. */
const OTHER_RATE = 32_000;
const LONGEST_PLAYED_SECONDS = 3;

export interface ProbedTeacher extends WaveformOutput, TensorChoice {
  classes: number;
  chunkSeconds: number;
  /** Whether some of its values lie beside its file. */
  isExternal?: boolean;
}

export interface ProbeResult {
  /** Samples that it takes; null = any number. */
  samples: number | null;
  /** What is adapted, a sentence each. */
  notes: string[];
}

/** @throws TeacherInvalid when it cannot take such clips, or gives something else than classes */
export async function probeOnnx(
  model: Uint8Array | string,
  teacher: ProbedTeacher,
): Promise<ProbeResult> {
  return await withNet(model, teacher, (net) => probeNet(net, teacher));
}

/** As `shortestOf`. */
export async function probeShortest(
  model: Uint8Array | string,
  teacher: ProbedTeacher,
): Promise<number | null> {
  return await withNet(model, teacher, (net) => shortestOf(net, teacher));
}

/** As `unknownRateNote`. */
export async function probeRates(
  model: Uint8Array | string,
  teacher: ProbedTeacher,
): Promise<string> {
  return await withNet(model, teacher, (net) => unknownRateNote(net, teacher));
}

/** @throws as `probeOnnx` */
export async function probeNet(net: WaveformNet, teacher: ProbedTeacher): Promise<ProbeResult> {
  const samples = Math.round(teacher.chunkSeconds * rateOf(teacher));
  let frames = 1;
  for (const batch of BATCHES)
    await waveformProbabilities(net, teacher, noise(batch, samples), (pooled) => {
      frames = pooled;
    });
  return {
    samples: net.layout.samples,
    notes: adaptations(net.layout, frames, samples, teacher),
  };
}

/**
 * Seconds of the shortest clip, up to a chunk, of which the network says something; null where it
 * does of clips of 0.1 s, or of no chunk.
 */
export async function shortestOf(net: WaveformNet, teacher: ProbedTeacher): Promise<number | null> {
  const says = async (steps: number): Promise<boolean> => {
    const samples = Math.round(steps * STEP_SECONDS * rateOf(teacher));
    try {
      const values = await waveformProbabilities(net, teacher, noise(1, samples));
      return rowFault(values, 0, teacher.classes) === null;
    } catch (error) {
      if (!(error instanceof TeacherInvalid)) throw error;
      return false;
    }
  };
  let shortest = Math.ceil(teacher.chunkSeconds / STEP_SECONDS);
  let tooShort = Math.round(SHORTEST_TRIED_SECONDS / STEP_SECONDS);
  if ((await says(tooShort)) || !(await says(shortest))) return null;
  while (shortest - tooShort > 1) {
    const between = Math.floor((shortest + tooShort) / 2);
    if (await says(between)) shortest = between;
    else tooShort = between;
  }
  return Number((shortest * STEP_SECONDS).toFixed(2));
}

export const UNKNOWN_RATE =
  `nothing says at which sample rate it takes audio, and ${usualRate} Hz is taken: declare ` +
  'sampleRate';

/**
 * A warning about a network whose sample rate is neither declared nor stated: how sure it is of
 * made sounds that are played to it at 16 kHz and at another usual rate. It hints and decides
 * nothing: of three published networks none is the surest at its own rate (docs/teachers.md).
 */
export async function unknownRateNote(net: WaveformNet, teacher: ProbedTeacher): Promise<string> {
  const { samples } = net.layout;
  const [other = OTHER_RATE] = samples === null ? [] : otherUsualRates(samples);
  const [usual, played] = [
    await sureness(net, teacher, usualRate),
    await sureness(net, teacher, other),
  ];
  return (
    `${UNKNOWN_RATE}; of made sounds it gives its most probable class ${usual.toFixed(2)} on ` +
    `average if they are played at ${usualRate} Hz, and ${played.toFixed(2)} at ${other} Hz, ` +
    'which is a hint and no proof'
  );
}

/** Mean over the made sounds of the largest probability, as if the network took `rate` Hz. */
async function sureness(net: WaveformNet, teacher: ProbedTeacher, rate: number): Promise<number> {
  const seconds = Math.min(teacher.chunkSeconds, LONGEST_PLAYED_SECONDS);
  const samples = net.layout.samples ?? Math.round(seconds * rate);
  const sounds = madeSounds(rate, samples);
  let sum = 0;
  for (const pcm of sounds) {
    const input = { pcm, batch: 1, samples, masks: null };
    sum += Math.max(...(await waveformProbabilities(net, teacher, input)));
  }
  return sum / sounds.length;
}

async function withNet<T>(
  model: Uint8Array | string,
  teacher: ProbedTeacher,
  work: (net: WaveformNet) => Promise<T>,
): Promise<T> {
  const net = await loadOnnxNet(model, 1, teacher);
  try {
    return await work(net);
  } finally {
    net.dispose();
  }
}

function noise(batch: number, samples: number) {
  const key = streamKey('waveform-probe', '', 0);
  const pcm = Int16Array.from({ length: batch * samples }, (_, at) =>
    Math.round(8000 * (uniform(philox(key, [at, 0, 0, 0])[0]) - 0.5)),
  );
  return { pcm, batch, samples, masks: null };
}
