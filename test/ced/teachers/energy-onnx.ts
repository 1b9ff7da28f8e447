/**
 * An ONNX network that answers by the energy of its waveforms above and below a frequency: logits
 * [batch, 2], the energy above it and that below, times a gain. It is right about that frequency
 * at one sample rate.
 */
import { bytesField, integerField, message, stringField } from '../../../ced/engine/protobuf';
import { free, node, value } from './onnx-bytes';

const [float, int64] = [1, 7];
const TAPS = 127;

/** @param until only samples before this one count */
export function energyOnnx(
  hertz: number,
  sampleRate: number,
  gain: number,
  until = 2 ** 31,
): Buffer {
  const low = lowPass(hertz / sampleRate);
  const high = low.map((tap, at) => (at === (TAPS - 1) / 2 ? 1 : 0) - tap);
  const graph = message(
    node('Slice', ['waveform', 'from', 'until', 'one'], 'part'),
    node('Unsqueeze', ['part', 'one'], 'channel'),
    node('Conv', ['channel', 'kernel'], 'bands'),
    node('Mul', ['bands', 'bands'], 'squares'),
    node('ReduceMean', ['squares'], 'energies', ints('axes', 2), integer('keepdims', 0)),
    node('Mul', ['energies', 'gain'], 'scores'),
    stringField(2, 'energy'),
    tensor('from', int64, [1], integers(0)),
    tensor('until', int64, [1], integers(until)),
    tensor('one', int64, [1], integers(1)),
    tensor('kernel', float, [2, 1, TAPS], floats([...high, ...low])),
    tensor('gain', float, [1], floats([gain])),
    bytesField(11, value('waveform', float, free('batch'), free('samples'))),
    bytesField(12, value('scores', float, free('batch'), integerField(1, 2))),
  );
  return message(
    integerField(1, 8),
    bytesField(7, graph),
    bytesField(8, message(stringField(1, ''), integerField(2, 13))),
  );
}

/** A windowed sinc (Hann). */
function lowPass(cutoff: number): number[] {
  return Array.from({ length: TAPS }, (_, tap) => {
    const at = tap - (TAPS - 1) / 2;
    const sinc = at === 0 ? 2 * cutoff : Math.sin(2 * Math.PI * cutoff * at) / (Math.PI * at);
    return sinc * Math.cos((Math.PI * at) / (TAPS + 1)) ** 2;
  });
}

function floats(values: readonly number[]): Buffer {
  return Buffer.from(Float32Array.from(values).buffer);
}

function integers(number: number): Buffer {
  return Buffer.from(BigInt64Array.of(BigInt(number)).buffer);
}

function tensor(name: string, type: number, dims: readonly number[], raw: Buffer): Buffer {
  const extents = dims.map((dim) => integerField(1, dim));
  return bytesField(
    5,
    message(...extents, integerField(2, type), stringField(8, name), bytesField(9, raw)),
  );
}

function ints(name: string, number: number): Buffer {
  return bytesField(5, message(stringField(1, name), integerField(8, number), integerField(20, 7)));
}

function integer(name: string, number: number): Buffer {
  return bytesField(5, message(stringField(1, name), integerField(3, number), integerField(20, 2)));
}
