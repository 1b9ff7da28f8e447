/** What is done for a network of others that does not simply take clips and give classes. */
import type { ClassAxis } from './class-scores';
import type { TensorChoice, WaveformLayout } from './waveform-layout';
import { clipWindows, type WaveformWindows } from './waveform-windows';

const POOLED = { mean: 'their mean is taken', max: 'their maximum is taken' } as const;

/** What happens to clips that are shorter than a network takes. */
export const SHORTER = {
  zeros: 'shorter chunks end in silence',
  repeat: 'shorter chunks are repeated',
  none: 'shorter chunks are left out of the logits',
} as const;

/**
 * @param frames of its output for a chunk
 * @param chunk samples
 * @returns a sentence each
 * @throws TeacherInvalid when its windows have another length than it takes
 */
export function adaptations(
  layout: WaveformLayout,
  frames: number,
  chunk: number,
  teacher: ClassAxis & TensorChoice & WaveformWindows,
): string[] {
  const { input, output, outputs, batch, samples } = layout;
  const { outputName, pad = 'zeros', pool = 'mean' } = teacher;
  const { starts, length } = clipWindows(chunk, layout, teacher);
  const types = [...new Set([input.type, output.type])].filter((type) => type !== 'float32');
  const isChosen = outputs > 1 && outputName === undefined;
  return [
    ...(isChosen
      ? [`of its ${outputs} outputs ${output.name} is taken, the only one of its classes`]
      : []),
    ...(batch === null
      ? []
      : [`it takes ${batch === 1 ? 'one clip' : `${batch} clips`} at a time, and is run so`]),
    ...(samples === null ? [] : [`it takes ${samples} samples: ${SHORTER[pad]}`]),
    ...(starts.length === 1
      ? []
      : [`it gets ${starts.length} windows of ${length} samples a chunk: ${POOLED[pool]}`]),
    ...(types.length === 0 ? [] : [`it computes in ${types.join(' and ')}: values are cast`]),
    ...(frames === 1
      ? []
      : [`its output ${output.name} has ${frames} frames a chunk: ${POOLED[pool]}`]),
  ];
}
