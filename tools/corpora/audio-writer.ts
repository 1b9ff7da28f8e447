/**
 * Writes the audio of replicas in the formats of the originals. Encoders are those of the machine;
 * where one is missing, the file is WAV under the same stem, and `missing` names the encoder.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sampleRate } from '../../ced/audio/mono16k';
import { encodeWav } from '../../ced/audio/wav-file';
import { soundOf, type Take } from './sounds';

/** From WAV on standard input to standard output. */
const ENCODERS = {
  flac: ['flac', '--silent', '--stdout', '-'],
  ogg: ['oggenc', '--quiet', '--serial', '1', '-'],
  mp3: ['lame', '--quiet', '-', '-'],
} as const;

export type Format = keyof typeof ENCODERS | 'wav';

export interface AudioOptions {
  format?: Format;
  /** Hz. */
  rate?: number;
  channels?: number;
}

export class AudioWriter {
  readonly missing = new Set<string>();

  constructor(private readonly folder: string) {}

  /**
   * @param stem path without ending, below the folder
   * @returns the path with its ending
   */
  async write(
    stem: string,
    take: Take,
    { format = 'wav', rate = sampleRate, channels = 1 }: AudioOptions = {},
  ): Promise<string> {
    const wav = encodeWav(pcm16(await soundOf(take), rate, channels), { rate, channels });
    const encoded = format === 'wav' ? null : this.encode(wav, format);
    const file = `${stem}.${encoded === null ? 'wav' : format}`;
    mkdirSync(dirname(join(this.folder, file)), { recursive: true });
    writeFileSync(join(this.folder, file), encoded ?? wav);
    return file;
  }

  private encode(wav: Buffer, format: keyof typeof ENCODERS): Buffer | null {
    const [program, ...args] = ENCODERS[format];
    const { status, stdout } = spawnSync(program, args, { input: wav, maxBuffer: 2 ** 28 });
    if (status === 0) return stdout;
    this.missing.add(program);
    return null;
  }
}

/** Linear between samples, the same in every channel: what matters is the header's rate. */
function pcm16(sound: Float32Array, rate: number, channels: number): Int16Array {
  const frames = Math.round((sound.length * rate) / sampleRate);
  const pcm = new Int16Array(frames * channels);
  for (let frame = 0; frame < frames; frame++) {
    const at = (frame * sampleRate) / rate;
    const before = sound[Math.floor(at)] ?? 0;
    const after = sound[Math.ceil(at)] ?? before;
    const sample = Math.round(32_767 * (before + (after - before) * (at % 1)));
    for (let channel = 0; channel < channels; channel++) pcm[frame * channels + channel] = sample;
  }
  return pcm;
}
