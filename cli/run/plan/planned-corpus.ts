/** Classes and sizes of the splits that a plan is about: of the run's tables, or assumed. */
import { readVocabulary } from '../../../activities/plan/read-vocabulary';
import type { Vocabulary } from '../../../ced/teachers/vocabulary';
import { count } from '../../../infra/command-line/option';
import { UsageError } from '../../../infra/command-line/usage-error';
import type { SourceOptions } from '../../../storage/sources/source';
import { SPLITS, type Split } from '../../../workflows/contract/models';
import type { DistillRun, TeachRun } from '../../../workflows/contract/run-file';
import {
  isVocabularyOfWorker,
  withClassList,
} from '../../../workflows/contract/teacher-vocabulary';
import { surveyCorpus, type SplitSurvey } from '../../corpus/corpus-survey';
import { tablesOf } from '../run-file';

/** Clips of each split. */
export type AssumedClips = Partial<Record<Split, number>>;

export interface CorpusOptions {
  /** Clips of each split to decode. */
  sample: number;
  /** Number of classes, where they are assumed. */
  classes: number;
  sources: SourceOptions;
}

type PlannedSize = Pick<
  SplitSurvey,
  'split' | 'clips' | 'seconds' | 'rejected' | 'labelled' | 'classes' | 'notes'
>;

export interface PlannedCorpus {
  vocabulary: Vocabulary;
  /** Whether only the worker of a teacher knows the classes: then `vocabulary` is assumed. */
  isAssumed: boolean;
  sizes: PlannedSize[];
}

export async function sampledCorpus(
  run: DistillRun | TeachRun,
  root: string,
  { sample, sources, classes }: CorpusOptions,
): Promise<PlannedCorpus> {
  const { corpus } = 'students' in run ? withClassList(run) : run;
  const isAssumed = 'students' in run && isVocabularyOfWorker(run);
  const vocabulary = isAssumed
    ? null
    : await readVocabulary({ root, sources }, corpus.vocabulary, null);
  const { audioRoot, channels } = run.corpus;
  const place = {
    ...(audioRoot === undefined ? {} : { audioRoot }),
    ...(channels === undefined ? {} : { channels }),
  };
  const ignoreTrainLabels = 'logits' in run;
  const options = { root, sources, vocabulary, sample, ignoreTrainLabels, ...place };
  const { splits } = await surveyCorpus(tablesOf(run), options);
  return { vocabulary: vocabulary ?? assumedClasses(classes), isAssumed, sizes: splits };
}

function assumedClasses(classes: number): Vocabulary {
  return Array.from({ length: classes }, (_, index) => ({ mid: '', name: `class ${index}` }));
}

export function assumedCorpus(
  clips: AssumedClips,
  classes: number,
  chunkSeconds: number,
): PlannedCorpus {
  return {
    vocabulary: assumedClasses(classes),
    isAssumed: false,
    sizes: SPLITS.flatMap((split) =>
      clips[split]
        ? {
            ...{ split, clips: clips[split], seconds: [chunkSeconds], rejected: [] },
            ...{ labelled: clips[split], classes: [], notes: [] },
          }
        : [],
    ),
  };
}

/** Of `--clips SPLIT=N`, given once or more. @throws {UsageError} */
export function assumedClips(given: readonly string[]): AssumedClips {
  const clips: AssumedClips = {};
  for (const one of given) {
    const [, split, digits] = /^(train|validation|eval)=(\d+)$/.exec(one) ?? [];
    if (split === undefined)
      throw new UsageError(`--clips ${one}: expected train=N, validation=N or eval=N`);
    clips[split as Split] = clipCount(one, digits ?? '');
  }
  if (clips.train === undefined) throw new UsageError('--clips: expected train=N among them');
  return clips;
}

function clipCount(given: string, digits: string): number {
  const clips = count.parse(digits);
  if (clips === undefined) throw new UsageError(`--clips ${given}: expected a count above 0`);
  return clips;
}
