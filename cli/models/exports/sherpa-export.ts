/** `ced export --to sherpa`: the files that sherpa-onnx's audio tagging reads of its CED models. */
import { onnxModel } from '../../../ced/onnx/model-graph';
import { UsageError } from '../../../infra/command-line/usage-error';
import { jsonText } from '../../print-json';
import type { ExportedModel } from './exported-model';
import { classNames, labelsFile } from './labels-file';
import type { FolderFiles } from '../../whole-file';

/** sherpa-onnx computes as many, whatever the model says. */
const MELS = 64;

/** @throws {UsageError} where sherpa-onnx cannot feed the model */
export function sherpaFiles({ config, weights, thresholds }: ExportedModel): FolderFiles {
  if (config.n_mels !== MELS)
    throw new UsageError(
      `--to sherpa: the model takes ${config.n_mels} mels, sherpa-onnx computes ${MELS}`,
    );
  const file = (precision: 'float32' | 'int8'): Uint8Array =>
    onnxModel(config, weights, { precision, form: 'features', thresholds });
  return {
    'model.onnx': file('float32'),
    'model.int8.onnx': file('int8'),
    'class_labels_indices.csv': labelTable(classNames(config)),
    'labels.json': jsonText(labelsFile(config, thresholds)),
    'README.md': CARD,
  };
}

/** Names in quotes always: sherpa-onnx takes the first and the last character away. */
function labelTable(names: readonly string[]): string {
  const rows = names.map((name, at) => `${at},,"${name.replace(/[\r\n]/g, ' ')}"\n`);
  return `index,mid,display_name\n${rows.join('')}`;
}

const CARD = `# CED audio tagger for sherpa-onnx

\`\`\`python
import sherpa_onnx

tagger = sherpa_onnx.AudioTagging(
    sherpa_onnx.AudioTaggingConfig(
        model=sherpa_onnx.AudioTaggingModelConfig(ced='model.onnx', num_threads=1),
        labels='class_labels_indices.csv',
        top_k=5,
    )
)
stream = tagger.create_stream()
stream.accept_waveform(16000, samples)  # float32 in [-1, 1)
print(tagger.compute(stream))
\`\`\`

\`model.int8.onnx\` is the same model with its products in 8 bits. sherpa-onnx computes the features
itself, by Kaldi's filter bank, with frames half a hop later than those the model was trained on, so
probabilities differ a little from those of \`ced tag\`. \`labels.json\` holds thresholds, which
sherpa-onnx does not read.
`;
