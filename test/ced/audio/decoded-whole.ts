/** A whole file's channels, joined from the blocks that a decoder gives. */
import type { AudioBlock } from '../../../ced/audio/audio-block';
import type { ByteParts } from '../../../ced/audio/byte-parts';
import { decodeAudio } from '../../../ced/audio/decode';

export interface DecodedAudio {
  sampleRate: number;
  channels: Float32Array[];
}

export async function decodeWhole(
  parts: Uint8Array | ByteParts,
  name: string,
): Promise<DecodedAudio> {
  const blocks: AudioBlock[] = [];
  for await (const { sampleRate, channels } of await decodeAudio(
    parts instanceof Uint8Array ? [parts] : parts,
    name,
  ))
    blocks.push({ sampleRate, channels: channels.map((channel) => channel.slice()) });
  const { sampleRate = 0, channels = [] } = blocks[0] ?? {};
  return {
    sampleRate,
    channels: channels.map((_, channel) =>
      Float32Array.from(blocks.flatMap((block) => Array.from(block.channels[channel]!))),
    ),
  };
}

/** Audio that never was a file. */
export async function* blocksOf(audio: DecodedAudio): AsyncGenerator<AudioBlock> {
  yield audio;
}
