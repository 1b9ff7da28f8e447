// What tools/arm64-check.mjs lets two processors compute: prints as a line of JSON the losses of
// training steps beside PyTorch's, and the engine's kind. Loads Temporal's native part too.
// usage: node compute.mjs PACKAGE REFERENCE
// PACKAGE: folder of ced-distillation, compiled; REFERENCE: test/reference
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const STEPS = 3;
const LEARNING_RATE = 1e-3;

const [root, reference] = process.argv.slice(2);
const require = createRequire(join(root, 'package.json'));
const compiled = (module) => require(join(root, 'dist', module));
const { openEngine } = compiled('ced/engine/engine.js');
const { Trainer } = compiled('ced/training/trainer.js');
const { decodeSafetensors } = compiled('ced/model/safetensors.js');
const { modelConfigSchema } = compiled('ced/model/config.js');
const { loadWeights } = compiled('ced/model/weights.js');

const engine = openEngine();
// The native part of a worker; a library of another processor would not load.
require('@temporalio/core-bridge');
console.log(
  JSON.stringify({
    architecture: process.arch,
    kind: engine.kind,
    ...trained(),
  }),
);

/** Of the first steps on the batch of train.safetensors; each changes the weights for the next. */
function trained() {
  const text = readFileSync(join(reference, 'model.config.json'), 'utf8');
  const config = modelConfigSchema.parse(JSON.parse(text));
  const tensors = (name) => decodeSafetensors(readFileSync(join(reference, `${name}.safetensors`)));
  const trainer = new Trainer(engine, config, loadWeights(config, tensors('model')), {
    precision: 'float32',
  });
  const batch = tensors('train');
  const [size, , frames] = batch.get('spectrogram').shape;
  const values = (name) => batch.get(name).data;
  const losses = Array.from({ length: STEPS }, () =>
    trainer.stepOnSpectrogram(
      ...[values('spectrogram'), size, frames, values('targets'), values('lam')],
      LEARNING_RATE,
    ),
  );
  return { losses, pytorch: Array.from(values('losses').subarray(0, STEPS)) };
}
