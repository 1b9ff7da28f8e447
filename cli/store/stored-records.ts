/** Which record lies under which key of a store, or of a champion's folder. */
import { firstProbeRecord } from '../../activities/check-probe';
import { attemptEndRecord, attemptStartRecord } from '../../activities/attempt-record';
import { trainingAttemptRecord } from '../../jobs/train/attempts';
import { championEntry } from '../../storage/champion-ledger';
import { corpusRecord } from '../../storage/corpus/corpus-manifest';
import { corpusPartRecord } from '../../storage/corpus/corpus-part';
import { ingestRecord } from '../../storage/corpus/ingest-manifest';
import { lastPlanRecord } from '../../storage/corpus/last-plan';
import { listingRecord, planRecord } from '../../storage/corpus/plan-manifest';
import { planPartRecord } from '../../storage/corpus/plan-part';
import { rateRecord } from '../../storage/corpus/rate-manifest';
import { evaluationRecord } from '../../storage/earlier-evaluation';
import { latenciesRecord } from '../../storage/latencies';
import { descriptionRecord } from '../../storage/logits/logits-description';
import { logitsRecord } from '../../storage/logits/stored-shard';
import { modelConfigRecord } from '../../storage/models/model-folder';
import { thresholdsRecord } from '../../storage/models/model-thresholds';
import { manifestRecord } from '../../storage/models/worker-folder';
import { outputsRecord } from '../../storage/outputs/outputs-manifest';
import type { RecordFormat } from '../../storage/record';
import { resultRecord } from '../../storage/run-result';
import { runScoresRecord } from '../../storage/run-scores';
import { scoresRecord } from '../../storage/scores';
import { leaseRecord } from '../../storage/shard-lease';
import { stateRecord } from '../../storage/training/training-checkpoint';
import { trainingRecord } from '../../storage/training/training-manifest';

const RECORDS: readonly (readonly [key: RegExp, format: RecordFormat<unknown>])[] = [
  [/^plans\/[^/]+\/plan\.json$/, planRecord],
  [/^plans\/[^/]+\/corpus\.json$/, corpusRecord],
  [/^plans\/[^/]+\/parts\/corpus-[^/]+\.json$/, corpusPartRecord],
  [/^plans\/[^/]+\/parts\/[^/]+\.json$/, planPartRecord],
  [/^plans\/[^/]+\/(train|validation|eval)-\d+\.json$/, listingRecord],
  [/^ingest\/[^/]+-\d+\.json$/, rateRecord],
  [/^ingest\/[^/]+\.json$/, ingestRecord],
  [/^logits\/[^/]+\/manifest\.json$/, descriptionRecord],
  [/^logits\/[^/]+\/[^/]+\.json$/, logitsRecord],
  [/^logits\/[^/]+\/[^/]+\.lease(-[\w-]+)?$/, leaseRecord],
  [/^models\/[^/]+\/config\.json$/, modelConfigRecord],
  [/^models\/[^/]+\/manifest\.json$/, manifestRecord],
  [/^models\/[^/]+\/thresholds\.json$/, thresholdsRecord],
  [/^outputs\/[^/]+\/probe\/first-[^/]+\.json$/, firstProbeRecord],
  [/^outputs\/[^/]+\/[^/]+\/[^/]+\.json$/, outputsRecord],
  [/^scores\/[^/]+\/[^/]+\.json$/, scoresRecord],
  [/^latencies\/[^/]+\.json$/, latenciesRecord],
  [/^training\/[^/]+\/manifest(-epoch-\d+)?\.json$/, trainingRecord],
  [/^training\/[^/]+\/attempts\/[^/]+\.json$/, trainingAttemptRecord],
  [/^training\/[^/]+\/checkpoints\/\d+\/state\.json$/, stateRecord],
  [/^attempts\/[^/]+\/[^/]+-start\.json$/, attemptStartRecord],
  [/^attempts\/[^/]+\/[^/]+-end\.json$/, attemptEndRecord],
  [/^runs\/[^/]+\/plan\.json$/, lastPlanRecord],
  [/^runs\/[^/]+\/judged\/[^/]+\.json$/, evaluationRecord],
  [/^runs\/[^/]+\/([^/]+\/)?result\.json$/, resultRecord],
  [/^runs\/[^/]+\/([^/]+\/)?scores\.json$/, runScoresRecord],
  [/^(champion\/)?[1-9]\d*\.json$/, championEntry],
];

/** null for objects that are no records. */
export function recordAt(key: string): RecordFormat<unknown> | null {
  return RECORDS.find(([pattern]) => pattern.test(key))?.[1] ?? null;
}
