/**
 * Tries a teacher with a front end of its own before anything is spent on a run: batches of one and
 * of three clips as long as a chunk, then ever shorter clips, down to the shortest that it says
 * something of. What the numbers are worth is seen on clips of the corpus (output-fault.ts).
 */
import { philox, streamKey, uniform } from '../augment/random';
import { adaptations } from './adaptations';
import { loadOnnxNet } from './onnx-net';
import { rowFault } from './output-fault';
import { TeacherInvalid } from './teacher-invalid';
import type { TensorChoice } from './waveform-layout';
import { rateOf } from './waveform-windows';
import { waveformProbabilities, type WaveformNet, type WaveformOutput } from './waveform-net';

const BATCHES = [1, 3];
/** Below the shortest chunk of a run, 0.2 s. */
const SHORTEST_TRIED_SECONDS = 0.1;
/** How exactly the shortest clip is found. */
const STEP_SECONDS = 0.01;

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
  return await withNet(model, teacher, async (net) => {
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
  });
}

/**
 * Seconds of the shortest clip, up to a chunk, of which the network says something; null where it
 * does of clips of 0.1 s, or of no chunk.
 */
export async function probeShortest(
  model: Uint8Array | string,
  teacher: ProbedTeacher,
): Promise<number | null> {
  return await withNet(model, teacher, async (net) => {
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
  });
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
