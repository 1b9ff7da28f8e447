/** Names of audio formats that have no decoder here, by their first bytes, for messages. */

const FORMATS: readonly { name: string; at?: number; start: string }[] = [
  { name: 'MP4 or M4A', at: 4, start: 'ftyp' },
  { name: 'Matroska or WebM', start: '\x1a\x45\xdf\xa3' },
  { name: 'ASF (WMA)', start: '\x30\x26\xb2\x75' },
  { name: 'AIFF', start: 'FORM' },
  { name: 'CAF', start: 'caff' },
  { name: 'AU', start: '.snd' },
  { name: 'Wave64', start: 'riff' },
  { name: 'big-endian WAV', start: 'RIFX' },
  { name: 'NIST SPHERE', start: 'NIST_1A' },
  { name: 'AMR', start: '#!AMR' },
  { name: 'AAC in ADTS', start: '\xff\xf1' },
  { name: 'AAC in ADTS', start: '\xff\xf9' },
  { name: 'WavPack', start: 'wvpk' },
  { name: "Monkey's Audio", start: 'MAC ' },
  { name: 'DSF', start: 'DSD ' },
];

/** @returns undefined for bytes of no format that is known */
export function audioFormatOf(bytes: Uint8Array): string | undefined {
  const text = String.fromCharCode(...bytes.subarray(0, 16));
  return FORMATS.find(({ at = 0, start }) => text.startsWith(start, at))?.name;
}
