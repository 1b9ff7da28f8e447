/**
 * How a network of others takes waveforms and which of its outputs is meant: read from the names,
 * types and shapes that its file states. What differs from float32 [batch, samples] is adapted
 * where it can only mean one thing.
 */
import { TeacherInvalid } from './teacher-invalid';

export interface StatedTensor {
  name: string;
  /** As its runtime names it: `float32`. */
  type: string;
  /** A text or −1 stands for any extent; null = the file states none. */
  shape: readonly (number | string)[] | null;
}

export interface WaveformLayout {
  input: StatedTensor;
  output: StatedTensor;
  /** Rows that it takes at once; null = any number. */
  batch: number | null;
  /** Samples that it takes; null = any number. */
  samples: number | null;
  /** Shape of its input. */
  dims(batch: number, samples: number): number[];
}

/**
 * @param outputName of the run file; needed where there are several outputs
 * @throws TeacherInvalid naming every input and output
 */
export function waveformLayout(
  inputs: readonly StatedTensor[],
  outputs: readonly StatedTensor[],
  outputName?: string,
): WaveformLayout {
  const [input, ...others] = inputs;
  if (input === undefined || others.length > 0 || outputs.length === 0)
    return refuse(inputs, outputs, 'expected one waveform in and one output');
  const output =
    outputName === undefined ? outputs[0]! : outputs.find(({ name }) => name === outputName);
  if (output === undefined)
    return refuse(inputs, outputs, `none of which is outputName '${outputName}'`);
  if (outputName === undefined && outputs.length > 1)
    return refuse(
      inputs,
      outputs,
      'expected one waveform in and one output; say with outputName which of them is meant',
    );
  return { input, output, ...inputLayout(inputs, outputs, input) };
}

type InputLayout = Pick<WaveformLayout, 'batch' | 'samples' | 'dims'>;

function inputLayout(
  inputs: readonly StatedTensor[],
  outputs: readonly StatedTensor[],
  { shape }: StatedTensor,
): InputLayout {
  const any = (batch: number, samples: number): number[] => [batch, samples];
  // A rank of 0 is what runtimes say of a shape that they do not know.
  if (shape === null || shape.length === 0) return { batch: null, samples: null, dims: any };
  const [first, second, third] = shape;
  switch (shape.length) {
    case 1:
      return { batch: 1, samples: fixed(first), dims: (_batch, samples) => [samples] };
    case 2:
      return { batch: fixed(first), samples: fixed(second), dims: any };
    case 3:
      if (second === 1)
        return {
          batch: fixed(first),
          samples: fixed(third),
          dims: (batch, samples) => [batch, 1, samples],
        };
      if (third === 1)
        return {
          batch: fixed(first),
          samples: fixed(second),
          dims: (batch, samples) => [batch, samples, 1],
        };
  }
  return refuse(
    inputs,
    outputs,
    'expected a waveform [batch, samples]: spectrograms and features of others are not computed',
  );
}

function fixed(extent: number | string | undefined): number | null {
  return typeof extent === 'number' && extent > 0 ? extent : null;
}

function refuse(
  inputs: readonly StatedTensor[],
  outputs: readonly StatedTensor[],
  why: string,
): never {
  const names = (tensors: readonly StatedTensor[]): string =>
    tensors.map(({ name }) => name).join(', ') || 'nothing';
  const known = [...inputs, ...outputs].map(
    ({ name, type, shape }) => `${name} ${type}${shape === null ? '' : ` [${shape.join(', ')}]`}`,
  );
  throw new TeacherInvalid(
    'outputShape',
    `it takes ${names(inputs)} and gives ${names(outputs)}, ${why} (${known.join('; ')})`,
  );
}
