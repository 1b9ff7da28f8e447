// Writes a small corpus without labels for the examples: tones, sweeps and noise of a second, with
// tables for training, validation and evaluation. The same bytes each time.
// usage: node small-corpus.mjs FOLDER
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const RATE = 16_000;
const CLIPS = { train: 24, validation: 6, eval: 6 };

const folder = process.argv[2];
if (folder === undefined) {
  console.error('usage: node small-corpus.mjs FOLDER');
  process.exit(1);
}
mkdirSync(join(folder, 'audio'), { recursive: true });
let seed = 1;
for (const [split, clips] of Object.entries(CLIPS)) {
  const rows = Array.from({ length: clips }, (_, index) => {
    const clip = `${split}-${index}`;
    writeFileSync(join(folder, 'audio', `${clip}.wav`), wav(samplesOf(index)));
    return JSON.stringify({ clip, audio: `audio/${clip}.wav` });
  });
  writeFileSync(join(folder, `${split}.jsonl`), `${rows.join('\n')}\n`);
}
console.log(`${folder}: ${Object.values(CLIPS).reduce((sum, clips) => sum + clips, 0)} clips`);

/** A tone that decays, a sweep, or noise; each clip at another pitch and loudness. */
function samplesOf(index) {
  const hertz = 150 + 2000 * random();
  const loudness = 0.1 + 0.6 * random();
  return Int16Array.from({ length: RATE }, (_, at) => {
    const seconds = at / RATE;
    const kinds = [
      () => Math.sin(2 * Math.PI * hertz * seconds) * Math.exp(-3 * seconds),
      () => Math.sin(2 * Math.PI * (hertz + 1500 * seconds) * seconds),
      () => 2 * random() - 1,
    ];
    return Math.round(32_000 * loudness * kinds[index % kinds.length]());
  });
}

/** Lehmer's generator. */
function random() {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed / 2_147_483_647;
}

/** 16 kHz, mono, 16 bits. */
function wav(samples) {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + samples.byteLength, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(RATE, 24);
  header.writeUInt32LE(2 * RATE, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(samples.byteLength, 40);
  return Buffer.concat([header, Buffer.from(samples.buffer)]);
}
