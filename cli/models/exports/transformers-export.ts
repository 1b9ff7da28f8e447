/**
 * `ced export --to transformers`: a folder that transformers.js and Python's transformers load
 * without code from elsewhere, and that is a CED checkpoint still.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelConfig } from '../../../ced/model/config';
import { encodeSafetensors } from '../../../ced/model/safetensors';
import { onnxModel } from '../../../ced/onnx/model-graph';
import { jsonText } from '../../print-json';
import { classNames, labelsFile } from './labels-file';
import type { ExportedModel } from './exported-model';
import type { FolderFiles } from '../../whole-file';

export async function transformersFiles({
  config,
  weights,
  thresholds,
}: ExportedModel): Promise<FolderFiles> {
  const model = await readFile(join(__dirname, 'transformers', 'modeling_ced.py'));
  return {
    'config.json': jsonText(configOf(config)),
    'preprocessor_config.json': jsonText({
      feature_extractor_type: 'Wav2Vec2FeatureExtractor',
      feature_size: 1,
      sampling_rate: 16_000,
      padding_value: 0,
      do_normalize: false,
      return_attention_mask: false,
    }),
    'modeling_ced.py': model,
    'model.safetensors': encodeSafetensors(weights, 'F32'),
    'onnx/model.onnx': onnxModel(config, weights, {
      precision: 'float32',
      form: 'logits',
      thresholds,
    }),
    'onnx/model_quantized.onnx': onnxModel(config, weights, {
      precision: 'int8',
      form: 'logits',
      thresholds,
    }),
    'labels.json': jsonText(labelsFile(config, thresholds)),
    'README.md': CARD,
  };
}

function configOf(config: ModelConfig): object {
  const names = classNames(config);
  return {
    ...config,
    architectures: ['CedForAudioClassification'],
    auto_map: {
      AutoConfig: 'modeling_ced.CedConfig',
      AutoModelForAudioClassification: 'modeling_ced.CedForAudioClassification',
    },
    // transformers.js picks its class by this name: one that hands waveforms to an ONNX file.
    model_type: 'wav2vec2',
    // Python without trust_remote_code would build that other model with random weights. Lists of
    // unlike lengths make it stop with an error.
    conv_dim: [512],
    conv_stride: [],
    problem_type: 'multi_label_classification',
    id2label: Object.fromEntries(names.entries()),
    label2id: Object.fromEntries(names.map((name, at) => [name, at])),
  };
}

const CARD = `---
license: unknown
library_name: transformers
pipeline_tag: audio-classification
tags: [audio-tagging, ced, transformers.js]
---

# CED audio tagger

Its classes are independent: each has a probability of its own, the sigmoid of its logit. Audio is
mono at 16 kHz in [-1, 1).

## Python

\`\`\`python
from transformers import pipeline

tagger = pipeline('audio-classification', 'FOLDER', trust_remote_code=True)
print(tagger('recording.wav'))
\`\`\`

\`modeling_ced.py\` in this folder is the code that runs. The pipeline applies the sigmoid, because
\`problem_type\` in \`config.json\` says so. It reads files by ffmpeg; without it, give it the
samples, a float32 array. Of clips of unlike lengths give it one at a time: in a batch it would pad
the shorter ones, and their padding would be tagged too.

## JavaScript

The pipeline of transformers.js applies softmax to whatever it runs, which is wrong for this model.
Use its parts:

\`\`\`js
import { pipeline, read_audio } from '@huggingface/transformers';

const tagger = await pipeline('audio-classification', './FOLDER');
const samples = await read_audio(url, 16000); // in Node a Float32Array of your own decoder
const { logits } = await tagger.model(await tagger.processor(samples));
const probabilities = logits.sigmoid().tolist()[0]; // names: tagger.model.config.id2label
\`\`\`

In Node the path begins with \`./\` or \`/\`, and there is no \`read_audio\`. In a browser serve the
folder below \`env.localModelPath\` (\`/models/\`) and name it without \`./\`.
\`{ dtype: 'q8' }\` loads the model in 8 bits.
`;
