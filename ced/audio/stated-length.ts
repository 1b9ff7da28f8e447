/** How long a FLAC or Ogg file says it is, from its header or last page, so that it can be refused before it is unpacked. */
import { isFlac, readStreamInfo } from './flac';
import { isOgg } from './ogg';

const OPUS_RATE = 48_000;

/** @returns 0 where it does not say. @throws ClipUnreadable `damaged` */
export function statedSeconds(bytes: Buffer): number {
  if (isFlac(bytes)) {
    const { samples, sampleRate } = readStreamInfo(bytes);
    return samples / sampleRate;
  }
  if (!isOgg(bytes)) return 0;
  const lastPage = bytes.lastIndexOf('OggS');
  if (lastPage + 14 > bytes.length) return 0;
  const position = Number(bytes.readBigInt64LE(lastPage + 6));
  const vorbis = bytes.subarray(0, 512).indexOf('\x01vorbis');
  const rate = vorbis < 0 ? OPUS_RATE : bytes.readUInt32LE(vorbis + 12);
  return rate > 0 ? position / rate : 0;
}
