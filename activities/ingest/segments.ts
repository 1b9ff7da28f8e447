/**
 * Clips that are parts of longer recordings. A recording is decoded once for all the parts that a
 * shard takes from it, and cut at exact samples.
 */
import { sampleRate } from '../../ced/audio/mono16k';
import { positionAtRate } from '../../ced/audio/sample-rates';
import type { MonoSamples } from '../../ced/audio/to-mono';
import type { ListedClip } from '../../ced/corpus/listing';

/** Decodes a whole recording, or says why it cannot be. */
export type DecodeRecording = (clip: ListedClip) => Promise<MonoSamples | string>;

/** A table may round the end of a recording up by this much: one frame of the log-mel. */
const ROUNDED_SAMPLES = sampleRate / 100;

export class Segments {
  private readonly waiting = new Map<string, ListedClip[]>();
  private readonly cut = new Map<string, Promise<Map<ListedClip, MonoSamples | string>>>();

  constructor(
    clips: readonly ListedClip[],
    private readonly decode: DecodeRecording,
    /** Of `MonoSamples.further`. */
    private readonly rates: readonly number[] = [],
  ) {
    for (const clip of clips) {
      if (!clip.segment) continue;
      const key = recordingOf(clip);
      this.waiting.set(key, [...(this.waiting.get(key) ?? []), clip]);
    }
  }

  /**
   * @returns samples of the clip's part, or why there are none. Each clip is asked for once.
   */
  async read(clip: ListedClip): Promise<MonoSamples | string> {
    const key = recordingOf(clip);
    const cutting = this.cut.get(key) ?? this.cutAll(this.waiting.get(key) ?? [clip]);
    this.cut.set(key, cutting);
    const parts = await cutting;
    const part = parts.get(clip) ?? 'it is no part of this shard';
    parts.delete(clip);
    if (parts.size === 0) this.cut.delete(key);
    return part;
  }

  private async cutAll(
    clips: readonly ListedClip[],
  ): Promise<Map<ListedClip, MonoSamples | string>> {
    const recording = await this.decode(clips[0]!);
    return new Map(
      clips.map((clip) => [
        clip,
        typeof recording === 'string' ? recording : this.cutOut(recording, clip.segment!),
      ]),
    );
  }

  private cutOut(
    { pcm, further }: MonoSamples,
    segment: { start: number; end: number },
  ): MonoSamples | string {
    const cut = cutSegment(pcm, segment);
    if (typeof cut === 'string') return cut;
    const from = Math.round(segment.start * sampleRate);
    return {
      pcm: cut,
      further: further.map((samples, index) => {
        const rate = this.rates[index]!;
        const start = positionAtRate(from, rate);
        const part = new Int16Array(positionAtRate(cut.length, rate));
        part.set(samples.subarray(start, start + part.length));
        return part;
      }),
    };
  }
}

/**
 * @returns a copy of the samples from `start` to before `end`, or why the recording has none there
 */
export function cutSegment(
  recording: Int16Array,
  { start, end }: { start: number; end: number },
): Int16Array | string {
  const [from, to] = [Math.round(start * sampleRate), Math.round(end * sampleRate)];
  if (to > recording.length + ROUNDED_SAMPLES)
    return `its segment ends at ${end} s, the recording at ${recording.length / sampleRate} s`;
  return recording.slice(from, Math.min(to, recording.length));
}

function recordingOf({ audio, range, cell }: ListedClip): string {
  return range ? `${audio} ${range.offset} ${range.bytes} ${cell?.row ?? ''}` : audio;
}
