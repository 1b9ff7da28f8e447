/**
 * Audio of the checks: the probe clips, and behind them the same clips already shifted, as a
 * worker has to shift them by the rows.
 */
import {
  encodeNpyInt16,
  encodeNpyInt64Table,
  parseNpyInt16Header,
  samplesFromBytes,
} from '../../ced/audio/npy';
import { chunkAtRate } from '../../ced/audio/sample-rates';
import { probeClips } from '../../ced/teachers/probe-clips';

const COLUMNS = 10;

/** A part of the audio, in samples. */
export interface MadeClip {
  offset: number;
  samples: number;
}

export interface MadeAudio {
  /** `.npy`, int16, at the teacher's rate. */
  bytes: Uint8Array;
  clips: readonly (MadeClip & { shift: number; shifted: MadeClip })[];
}

export interface MadeRow extends MadeClip {
  clip: number;
  view: number;
  shift: number;
}

/** @param longestSeconds that the teacher takes; null = any */
export function madeAudio(rate: number, longestSeconds: number | null): MadeAudio {
  const { audio, clips } = probeClips(rate, longestSeconds);
  const samples = samplesFromBytes(audio.slice(parseNpyInt16Header(audio).dataOffset));
  const own = clips.map(({ offset, chunks: [whole] }, clip) => {
    const { length } = chunkAtRate(whole!, rate);
    const shift = Math.floor((0.25 + 0.1 * clip) * length);
    const shifted = { offset: samples.length + offset, samples: length };
    return { offset, samples: length, shift, shifted };
  });
  const waves = own.map(({ offset, samples: length, shift }) => {
    const wave = samples.subarray(offset, offset + length);
    return Int16Array.from(wave, (_, at) => wave[(at - shift + length) % length]!);
  });
  return { bytes: encodeNpyInt16(2 * samples.length, [samples, ...waves]), clips: own };
}

/** @returns the file: `.npy`, int64 [rows, 10], as `encodeTeacherRows` writes, without masks */
export function encodeRows(rows: readonly MadeRow[]): Uint8Array {
  const table = new BigInt64Array(rows.length * COLUMNS);
  for (const [row, { clip, view, offset, samples, shift }] of rows.entries())
    [clip, 0, view, offset, samples, shift].forEach(
      (value, column) => (table[row * COLUMNS + column] = BigInt(value)),
    );
  return encodeNpyInt64Table(table, COLUMNS);
}
