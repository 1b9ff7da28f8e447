/**
 * Joins the ingested shards of a plan into one corpus manifest, written last: what is in it is
 * complete, counted and checked.
 */
import { counted } from '../ced/counted';
import { budgetedEpochs, budgetedMinutes, type BudgetedCorpus } from '../ced/training/budget';
import type {
  FinalizedCorpus,
  FinalizedSplit,
  FinalizeInput,
} from '../workflows/contract/activities';
import { PermanentError } from '../workflows/contract/failures';
import type { ActivityDependencies } from './dependencies';
import { type ContentIndex, namesOf } from '../storage/corpus/content-index';
import type { Split } from '../workflows/contract/models';
import { joinShards } from '../storage/corpus/corpus-manifest';
import { createCorpus } from '../storage/corpus/corpus-part';

export async function finalizeCorpus(
  deps: ActivityDependencies,
  input: FinalizeInput,
): Promise<FinalizedCorpus> {
  const store = deps.openStore(input.store);
  const { manifest, content } = await joinShards(store, input.planKey, input.maxRejected);
  refuseOverlap(content, deps.allowOverlap ?? false);
  await createCorpus(store, input.planKey, manifest);
  const { chunkSeconds, classes = 0, trainings } = input;
  const chunks = manifest.splits.train?.chunks ?? 0;
  const finalized = (split: Split): FinalizedSplit | null => {
    const entry = manifest.splits[split];
    if (entry === null) return null;
    const { shardsOf: _shardsOf, duplicates: _duplicates, ...counts } = entry;
    return counts;
  };
  return {
    train: finalized('train'),
    validation: finalized('validation'),
    eval: finalized('eval'),
    ...(trainings ? budgeted(trainings, { classes, chunks, chunkSeconds }) : {}),
  };
}

function budgeted(
  trainings: NonNullable<FinalizeInput['trainings']>,
  corpus: BudgetedCorpus,
): Pick<FinalizedCorpus, 'epochs' | 'leastMinutes'> {
  const epochs = budgetedEpochs(trainings, corpus);
  const leastMinutes = budgetedMinutes(trainings, corpus);
  return leastMinutes.every((minutes) => minutes === null) ? { epochs } : { epochs, leastMinutes };
}

function refuseOverlap({ overlaps }: ContentIndex, allowed: boolean): void {
  if (overlaps.count === 0 || allowed) return;
  throw new PermanentError(
    'CorpusInvalid',
    'corpus.train: ' +
      counted(overlaps.count, 'training clip holds', 'training clips hold') +
      ' the very audio that the run is ' +
      `scored on: ${namesOf(overlaps)}; take them out of one table, or start the workers with ` +
      '--allow-overlap',
  );
}
