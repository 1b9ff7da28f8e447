/**
 * Writes what the workers of an ensemble have to predict of a shard: its views, with their drawn
 * augmentation as numbers. Asks for nothing that the store already holds.
 */
import { CLEAN_VIEW } from '../ced/teachers/teacher-rows';
import { TeacherInvalid } from '../ced/teachers/teacher-invalid';
import { logitsKey } from '../ced/canonical-json';
import type { CorpusClips } from '../ced/corpus/corpus-clip';
import { StoreDamaged } from '../workflows/contract/damage';
import { furtherRatesOf } from '../workflows/contract/sample-rates';
import type {
  PredictShardInput,
  WriteRowsInput,
  WrittenRows,
} from '../workflows/contract/teacher-worker';
import { readCorpusClips } from '../storage/corpus/corpus-clips';
import { layout } from '../storage/layout';
import { logitShardNames } from '../storage/logits/logit-shard-names';
import { describeLogits } from '../storage/logits/describe-logits';
import { storedShard } from '../storage/logits/stored-shard';
import { abstention, teacherIdentity } from '../storage/models/teacher-identity';
import { readWorkerManifest } from '../storage/models/worker-folder';
import {
  expectedOutputs,
  outputsRequest,
  workerOutputs,
} from '../storage/outputs/expected-outputs';
import { readOutputsManifest, shardOwner } from '../storage/outputs/outputs-manifest';
import { createAnew, quarantine } from '../storage/quarantine';
import { ObjectMissing, type Store } from '../storage/store';
import { isVerified } from '../storage/verified-object';
import type { ActivityDependencies } from './dependencies';

/** @throws {StoreDamaged} when the audio shard, asked to be verified, is damaged */
export async function writeRows(
  deps: Pick<ActivityDependencies, 'openStore'>,
  input: WriteRowsInput,
): Promise<WrittenRows> {
  const store = deps.openStore(input.store);
  const { planKey, split, shard, ensemble, settings, chunkSeconds } = input;
  const corpus = await readCorpusClips(store, planKey, split, { only: shard });
  if (input.verify !== true && (await isDone(store, input, corpus))) return { requests: [] };
  const requests: WrittenRows['requests'] = [];
  for (const member of ensemble) {
    const manifest = await readWorkerManifest(store, member.sha256);
    if (manifest === null) continue;
    const expected = await expectedOutputs(store, workerOutputs(manifest), corpus, input, {
      ...(settings ?? CLEAN_VIEW),
      chunkSeconds,
    });
    if (input.verify === true) await verifyAudio(store, input, expected.audio);
    const owner = shardOwner(member, split, shard);
    if (await readOutputsManifest(store, expected, owner)) continue;
    await createAnew(store, expected.place.rows, expected.rowsBytes);
    requests.push({ teacher: member.sha256, input: outputsRequest(input.store, expected) });
  }
  return { requests };
}

async function verifyAudio(
  store: Store,
  { split, shard }: WriteRowsInput,
  { key, sha256: expected }: PredictShardInput['audio'],
): Promise<void> {
  if (await isVerified(store, key, expected)) return;
  if ((await quarantine(store, key, expected)) === 'verified') return;
  throw new StoreDamaged(
    [{ kind: 'audio', split, shard }],
    `${store.uri}: ${key} is damaged or missing`,
  );
}

/** Whether the logits for which the outputs are meant are there already. */
async function isDone(
  store: Store,
  { planKey, shard, ensemble, settings }: WriteRowsInput,
  corpus: CorpusClips,
): Promise<boolean> {
  if (settings === undefined) return false;
  try {
    const members = [];
    for (const member of ensemble)
      members.push(
        await teacherIdentity(store, member.sha256, corpus.vocabulary, abstention(member)),
      );
    const key = logitsKey(describeLogits(ensemble, members, settings));
    const rates = furtherRatesOf(ensemble);
    const of = { planKey, only: shard };
    const [name = ''] = await logitShardNames(store, of, corpus.audioShards, rates);
    return (
      (await storedShard(store, key, name)) !== null ||
      (await store.exists(layout.logitsRows(key, name)))
    );
  } catch (error) {
    // The engine meets the same, and says which teacher has to be repaired.
    if (error instanceof StoreDamaged || error instanceof ObjectMissing) return false;
    if (error instanceof TeacherInvalid) return false;
    throw error;
  }
}
