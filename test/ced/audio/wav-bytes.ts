/**
 * Writes WAV files for the tests, good ones and the wrong ones that recorders really leave behind.
 */
export interface WavSpec {
  readonly bits: 8 | 16 | 24 | 32 | 64;
  readonly float?: boolean;
  readonly extensible?: boolean;
  readonly sampleRate?: number;
  /** What the data chunk claims to hold; its true length by default. */
  readonly statedDataBytes?: number;
  /** Chunks between `fmt ` and `data`. */
  readonly extraChunks?: readonly {
    readonly id: string;
    readonly bytes: Uint8Array;
    readonly padded: boolean;
  }[];
  /** What the file claims to hold; its true length by default. */
  readonly statedFileBytes?: number;
  readonly tag?: number;
}

/** @param channels raw values, integers or floats as the format has them */
export function wavBytes(channels: readonly (readonly number[])[], spec: WavSpec): Uint8Array {
  const { bits, float = false, extensible = false, sampleRate = 16_000, extraChunks = [] } = spec;
  const tag = spec.tag ?? (float ? 3 : 1);
  const sampleBytes = bits / 8;
  const format = Buffer.alloc(extensible ? 40 : 16);
  format.writeUInt16LE(extensible ? 0xfffe : tag, 0);
  format.writeUInt16LE(channels.length, 2);
  format.writeUInt32LE(sampleRate, 4);
  format.writeUInt32LE(sampleRate * channels.length * sampleBytes, 8);
  format.writeUInt16LE(channels.length * sampleBytes, 12);
  format.writeUInt16LE(bits, 14);
  if (extensible) {
    format.writeUInt16LE(22, 16);
    format.writeUInt16LE(bits, 18);
    format.writeUInt16LE(tag, 24);
    Buffer.from('000000001000800000aa00389b71', 'hex').copy(format, 26);
  }
  const data = Buffer.alloc((channels[0]?.length ?? 0) * channels.length * sampleBytes);
  for (let sample = 0, at = 0; at < data.length; sample++) {
    for (const channel of channels) {
      const value = channel[sample]!;
      if (float && bits === 32) data.writeFloatLE(value, at);
      else if (float) data.writeDoubleLE(value, at);
      else if (bits === 8) data.writeUInt8(value + 128, at);
      else data.writeIntLE(value, at, sampleBytes);
      at += sampleBytes;
    }
  }
  const chunks = [
    chunk('fmt ', format, true),
    ...extraChunks.map(({ id, bytes, padded }) => chunk(id, bytes, padded)),
    chunk('data', data, true, spec.statedDataBytes),
  ];
  const body = Buffer.concat([Buffer.from('WAVE'), ...chunks]);
  return new Uint8Array(chunk('RIFF', body, false, spec.statedFileBytes));
}

function chunk(id: string, bytes: Uint8Array, padded: boolean, stated = bytes.length): Buffer {
  const header = Buffer.alloc(8);
  header.write(id, 'latin1');
  header.writeUInt32LE(stated, 4);
  return Buffer.concat([header, bytes, Buffer.alloc(padded ? bytes.length % 2 : 0)]);
}
