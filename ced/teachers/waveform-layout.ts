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
  /** How many outputs there are to choose from. */
  outputs: number;
  /** Rows that it takes at once; null = any number. */
  batch: number | null;
  /** Samples that it takes; null = any number. */
  samples: number | null;
  /** Shape of its input. */
  dims(batch: number, samples: number): number[];
}

/** Which of several tensors is meant. */
export interface TensorChoice {
  /** Name of the input; needed where there are several. */
  readonly input?: string | undefined;
  /** Needed where several outputs could be the classes. */
  readonly outputName?: string | undefined;
  /** How many the network has: of several outputs, the only one of so many is meant. */
  readonly classes?: number | undefined;
}

/** @throws TeacherInvalid naming every input and output */
export function waveformLayout(
  inputs: readonly StatedTensor[],
  outputs: readonly StatedTensor[],
  { input: inputName, outputName, classes }: TensorChoice = {},
): WaveformLayout {
  const input = only(inputs, inputName);
  if (input === undefined && inputName !== undefined)
    return refuse(inputs, outputs, `none of which is input '${inputName}'`);
  if (input === undefined || outputs.length === 0)
    return refuse(
      inputs,
      outputs,
      'expected one waveform in and one output' +
        (inputs.length > 1 ? '; say with input which of them is the waveform' : ''),
    );
  const output =
    only(outputs, outputName) ??
    (outputName === undefined && classes !== undefined ? onlyOf(outputs, classes) : undefined);
  if (output === undefined && outputName !== undefined)
    return refuse(inputs, outputs, `none of which is outputName '${outputName}'`);
  if (output === undefined)
    return refuse(
      inputs,
      outputs,
      'expected one waveform in and one output; say with outputName which of them is meant',
    );
  return { input, output, outputs: outputs.length, ...inputLayout(inputs, outputs, input) };
}

/** The one of that name, or without a name the only one there is. */
function only(tensors: readonly StatedTensor[], name?: string): StatedTensor | undefined {
  if (name !== undefined) return tensors.find((tensor) => tensor.name === name);
  return tensors.length === 1 ? tensors[0] : undefined;
}

function onlyOf(outputs: readonly StatedTensor[], classes: number): StatedTensor | undefined {
  const found = outputs.filter(({ shape }) => shape?.includes(classes));
  return found.length === 1 ? found[0] : undefined;
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
