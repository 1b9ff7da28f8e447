// Exported folders in transformers.js. usage: node check.mjs FOLDER PACKAGE
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, library] = process.argv.slice(2);
const { env, pipeline } = await import(pathToFileURL(library).href);
env.localModelPath = folder;
env.allowRemoteModels = false;
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'));

for (const [pooling, wanted] of Object.entries(expected))
  for (const [dtype, most] of [
    ['fp32', 1e-4],
    ['q8', 0.03],
  ]) {
    const tagger = await pipeline('audio-classification', `${pooling}/transformers`, { dtype });
    let worst = 0;
    for (const [at, probabilities] of wanted.entries()) {
      const bytes = readFileSync(join(folder, `clip-${at}.f32`));
      const audio = new Float32Array(new Uint8Array(bytes).buffer);
      const { logits } = await tagger.model(await tagger.processor(audio));
      const [given] = logits.sigmoid().tolist();
      for (const [index, value] of probabilities.entries())
        worst = Math.max(worst, Math.abs(given[index] - value));
    }
    const names = Object.values(tagger.model.config.id2label);
    const isRight = worst <= most && names[3] === 'sound "3"';
    if (!isRight) process.exitCode = 1;
    const shown = worst.toExponential(1);
    console.log(`transformers.js, ${dtype}, ${pooling}: ${shown}, expected at most ${most}`);
  }
