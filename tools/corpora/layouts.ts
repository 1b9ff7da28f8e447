/** All replicas, by the name that `--only` takes. */
import {
  flatCsv,
  folders,
  gzippedSpeechCommands,
  hubParquet,
  tarredFolders,
  webDataset,
  webDatasetTar,
  zippedEsc50,
} from './plain-layouts';
import {
  audioSet,
  cedTsv,
  esc50,
  fsd50k,
  recipe,
  speechCommands,
  urbanSound8K,
} from './published-layouts';
import type { Replica, ReplicaWriter } from './replica';

export const LAYOUTS: Readonly<Record<string, (to: ReplicaWriter) => Promise<Replica>>> = {
  folders,
  'flat-csv': flatCsv,
  'esc-50': esc50,
  fsd50k,
  urbansound8k: urbanSound8K,
  audioset: audioSet,
  'ced-tsv': cedTsv,
  'speech-commands': speechCommands,
  recipe,
  zip: zippedEsc50,
  tar: tarredFolders,
  'tar.gz': gzippedSpeechCommands,
  webdataset: webDataset,
  'webdataset-tar': webDatasetTar,
  parquet: hubParquet,
};
