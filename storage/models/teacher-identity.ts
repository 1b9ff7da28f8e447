/**
 * What of a teacher enters the key of logits, read from its manifest alone: no weights are loaded.
 */
import { classMap } from '../../ced/teachers/class-map';
import { modelVocabulary } from '../../ced/teachers/teacher-classes';
import type { Vocabulary } from '../../ced/teachers/vocabulary';
import type { ScoredReference } from '../../workflows/contract/models';
import { layout } from '../layout';
import { readRecord } from '../record';
import type { Store } from '../store';
import { modelConfigRecord } from './model-folder';
import { readWaveformManifest } from './waveform-folder';
import { readWorkerManifest } from './worker-folder';

/** The input of a teacher: our log-mel with its masks, the shifted wave, or what a worker takes. */
export type FrontEnd = 'log-mel' | 'waveform' | 'worker';

export interface TeacherIdentity {
  /** int32 [classes]: its own class for each of the run's; -1 = it has none. */
  map: Int32Array;
  frontEnd: FrontEnd;
  /** Of a worker. */
  teacherKey?: string;
}

/** Whether a member may lack classes of the run. */
export function abstention({ missing = 0 }: ScoredReference): 'abstain' | 'refuse' {
  return missing > 0 ? 'abstain' : 'refuse';
}

/** @throws TeacherInvalid when it lacks classes that it may not lack; and as `readRecord` */
export async function teacherIdentity(
  store: Store,
  modelSha256: string,
  vocabulary: Vocabulary,
  missing: 'refuse' | 'abstain',
): Promise<TeacherIdentity> {
  const worker = await readWorkerManifest(store, modelSha256);
  if (worker)
    return {
      map: classMap(worker.vocabulary, vocabulary, missing),
      frontEnd: 'worker',
      teacherKey: worker.teacherKey,
    };
  const waveform = await readWaveformManifest(store, modelSha256);
  if (waveform)
    return { map: classMap(waveform.vocabulary, vocabulary, missing), frontEnd: 'waveform' };
  const config = await readRecord(store, layout.modelConfig(modelSha256), modelConfigRecord);
  return {
    map: classMap(modelVocabulary(config, vocabulary), vocabulary, missing),
    frontEnd: 'log-mel',
  };
}
