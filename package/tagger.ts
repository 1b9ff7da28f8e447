/**
 * `ced-distillation/tagger`: tags audio with a student in an ONNX file that `ced export` wrote, by
 * onnxruntime. Loads neither TensorFlow nor Temporal.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { decodeClip } from '../activities/ingest/decode-clip';
import { everyChunk } from '../ced/audio/chunks';
import { sampleRate } from '../ced/audio/mono16k';
import { topTags, type Tag } from '../ced/metrics/top-tags';
import { onnxMetadata } from '../ced/teachers/onnx-file';
import { loadOnnxNet } from '../ced/teachers/onnx-net';
import type { WaveformNet } from '../ced/teachers/waveform-net';

export type { Tag } from '../ced/metrics/top-tags';

const PUBLISHED_CHUNK_SECONDS = 10;

export interface TaggerOptions {
  /** Threads of one chunk. @default 1 */
  threads?: number;
  /** What is tagged at once, as `windowSeconds` of the labels file says. @default 10 */
  chunkSeconds?: number;
}

export interface TaggedChunk {
  /** Seconds from the start of the clip. */
  start: number;
  end: number;
  /** Most probable first. */
  tags: Tag[];
}

export class Tagger {
  private constructor(
    private readonly net: WaveformNet,
    /** Class names in the model's order; empty where its file names none. */
    readonly classes: readonly string[],
    private readonly chunkSamples: number,
    private readonly shortestSamples: number,
  ) {}

  /**
   * @param file an ONNX file of `ced export`
   * @throws one line that says what is wrong with the file, or that onnxruntime-node is missing
   */
  static async open(file: string, options: TaggerOptions = {}): Promise<Tagger> {
    const bytes = await readFile(file);
    const metadata = new Map(onnxMetadata(bytes));
    const shortest = Number(metadata.get('shortestSamples') ?? NaN);
    if (!(shortest > 0)) throw new Error(`${file}: expected a file that \`ced export\` wrote`);
    const { threads = 1, chunkSeconds = PUBLISHED_CHUNK_SECONDS } = options;
    const chunkSamples = Math.round(chunkSeconds * sampleRate);
    if (!(chunkSamples >= shortest))
      throw new RangeError(
        `chunkSeconds ${chunkSeconds}: expected at least ${shortest / sampleRate}`,
      );
    const choice = { outputName: 'probabilities' };
    const net = await loadOnnxNet(bytes, threads, choice);
    return new Tagger(net, labelsOf(metadata.get('labels')), chunkSamples, shortest);
  }

  /**
   * Tags an audio file of any format, rate and channel count that a run reads.
   * @param top classes of a chunk
   * @throws {ClipUnreadable} with its reason
   */
  async tagFile(path: string, { top = 5 }: { top?: number } = {}): Promise<TaggedChunk[]> {
    return await this.tagBytes(await readFile(path), { top, name: path });
  }

  /**
   * Tags the bytes of an audio file, such as an upload.
   * @param name of the file, for messages
   * @throws {ClipUnreadable} with its reason
   */
  async tagBytes(
    bytes: Uint8Array,
    { top = 5, name = 'audio' }: { top?: number; name?: string } = {},
  ): Promise<TaggedChunk[]> {
    return await this.tag(await decodeClip(() => [bytes], name), { top });
  }

  /**
   * Cuts audio into chunks and tags each. A remainder shorter than one patch overlaps the chunk
   * before it.
   * @param pcm int16 [samples] at 16 kHz
   */
  async tag(pcm: Int16Array, { top = 5 }: { top?: number } = {}): Promise<TaggedChunk[]> {
    const tagged: TaggedChunk[] = [];
    for (const { start, length } of everyChunk(
      pcm.length,
      this.chunkSamples,
      this.shortestSamples,
    )) {
      const samples = pcm.subarray(start, start + length);
      const scores = await this.probabilities(Float32Array.from(samples, (each) => each / 32768));
      tagged.push({
        start: start / sampleRate,
        end: (start + length) / sampleRate,
        tags: topTags(scores, this.classes, top),
      });
    }
    return tagged;
  }

  /**
   * @param waveform float32 [samples] in [-1, 1) at 16 kHz; the file averages the model's windows
   * @returns float32 [classes]
   */
  async probabilities(waveform: Float32Array): Promise<Float32Array> {
    return (await this.net.run(waveform, 1, waveform.length)).values;
  }

  /** Frees the network. */
  close(): void {
    this.net.dispose();
  }
}

/** A model without class names has none. */
function labelsOf(text = '[]'): string[] {
  return z.array(z.string()).parse(JSON.parse(text));
}
