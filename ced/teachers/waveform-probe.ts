/**
 * Tries a teacher with a front end of its own before anything is spent on a run: batches of one and
 * of three clips as long as a chunk. Looks at shapes alone; what the numbers are worth is seen on
 * clips of the corpus (output-fault.ts).
 */
import { sampleRate } from '../audio/mono16k';
import { philox, streamKey, uniform } from '../augment/random';
import { loadOnnxNet } from './onnx-net';
import type { WaveformLayout } from './waveform-layout';
import { waveformProbabilities, type WaveformNet, type WaveformOutput } from './waveform-net';

const BATCHES = [1, 3];

export interface ProbedTeacher extends WaveformOutput {
  outputName?: string | undefined;
  chunkSeconds: number;
}

/**
 * @returns what is adapted, a sentence each
 * @throws TeacherInvalid when it cannot take such clips, or gives something else than classes
 */
export async function probeOnnx(bytes: Uint8Array, teacher: ProbedTeacher): Promise<string[]> {
  const net = await loadOnnxNet(bytes, 1, teacher.outputName);
  try {
    return await probe(net, teacher);
  } finally {
    net.dispose();
  }
}

async function probe(net: WaveformNet, teacher: ProbedTeacher): Promise<string[]> {
  const samples = Math.round(teacher.chunkSeconds * sampleRate);
  const key = streamKey('waveform-probe', '', 0);
  let frames = 1;
  for (const batch of BATCHES) {
    const pcm = Int16Array.from({ length: batch * samples }, (_, at) =>
      Math.round(8000 * (uniform(philox(key, [at, 0, 0, 0])[0]) - 0.5)),
    );
    await waveformProbabilities(net, teacher, { pcm, batch, samples, masks: null }, (averaged) => {
      frames = averaged;
    });
  }
  return adaptations(net.layout, frames);
}

function adaptations({ input, output, batch, samples }: WaveformLayout, frames: number): string[] {
  const types = [...new Set([input.type, output.type])].filter((type) => type !== 'float32');
  return [
    ...(batch === null
      ? []
      : [`it takes ${batch === 1 ? 'one clip' : `${batch} clips`} at a time, and is run so`]),
    ...(samples === null ? [] : [`it takes ${samples} samples: shorter chunks end in silence`]),
    ...(types.length === 0 ? [] : [`it computes in ${types.join(' and ')}: values are cast`]),
    ...(frames === 1
      ? []
      : [`its output ${output.name} has ${frames} frames a chunk: their mean is taken`]),
  ];
}
