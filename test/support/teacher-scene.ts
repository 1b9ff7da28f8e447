/**
 * A small corpus in a store, two teachers of our own imported, and a teacher that is a worker: what
 * activities and jobs do with an ensemble of them, without a workflow.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acceptTeacher } from '../../activities/accept-teacher';
import { importModels } from '../../activities/import-models';
import { localDependencies } from '../../activities/local-dependencies';
import { writeRows } from '../../activities/write-rows';
import { encodeWav } from '../../ced/audio/wav-file';
import { parseVocabularyCsv } from '../../ced/teachers/vocabulary';
import type { JobContext } from '../../jobs/job-context';
import type { MappedModel } from '../../jobs/mapped-model';
import { CorpusAudio } from '../../storage/corpus/corpus-audio';
import type { FolderStore } from '../../storage/folder-store';
import { layout } from '../../storage/layout';
import type { LogitsShard } from '../../workflows/contract/activities';
import type { EnsembleMember } from '../../workflows/contract/models';
import { logitsSchema, teacherSchema } from '../../workflows/contract/run-file-sections';
import type { LogitsSettings, WorkerTeacher } from '../../workflows/contract/run-file-sections';
import type { PredictShardInput } from '../../workflows/contract/teacher-worker';
import { ingestCorpus, jobContextOn, predictAndWrite, storeBelow } from './in-process';
import { ReferenceTeacher, type ReferenceOptions } from './reference-teacher';
import { writeToneCorpus } from './tone-corpus';
import { writeUntrainedTeacher } from './untrained-teacher';

export const settings: LogitsSettings = logitsSchema.parse({
  views: 3,
  topK: 6,
  chunkSeconds: 1,
  seed: 7,
  augment: { timeMask: { maxFrames: 0 }, freqMask: { maxBins: 0 } },
});
export const beats = teacherSchema.parse({
  name: 'beats',
  format: 'worker',
  taskQueue: 'teacher-beats',
  weight: 3,
}) as WorkerTeacher;

export class TeacherScene {
  readonly context: JobContext;
  /** Batches that models of ours predicted, by name. */
  readonly predictions = new Map<string, number>();

  private constructor(
    readonly folder: string,
    readonly store: FolderStore,
    readonly deps: ReturnType<typeof localDependencies>,
    readonly planKey: string,
    readonly vocabulary: string,
    readonly natives: EnsembleMember[],
  ) {
    const plain = jobContextOn(store);
    this.context = {
      ...plain,
      teacher: async (sha256, ...of) => this.counted(sha256, await plain.teacher(sha256, ...of)),
    };
  }

  static async open(): Promise<TeacherScene> {
    const folder = mkdtempSync(join(tmpdir(), 'ced-worker-teacher-'));
    const store = storeBelow(folder);
    const deps = localDependencies(folder, store);
    const tables = writeToneCorpus(
      folder,
      { train: 5, validation: 4, eval: 0 },
      (index) => 16_000 - 500 * (index % 2),
    );
    // Its second chunk holds nothing: a teacher may say the same of every class.
    const halfSilent = Int16Array.from({ length: 32_000 }, (_, at) =>
      at < 16_000 ? 9000 * Math.sin(at / 7) : 0,
    );
    writeFileSync(join(folder, 'audio/train-4.wav'), encodeWav(halfSilent));
    const { vocabulary } = tables;
    const corpus = { ...tables, clipsPerShard: 8, maxRejected: 0 };
    const { eval: _eval, ...ofTwo } = corpus;
    const planKey = await ingestCorpus(deps, ofTwo);
    const teachers = [1, 2].map((seed) =>
      teacherSchema.parse(writeUntrainedTeacher(folder, vocabulary, seed)),
    );
    const imported = await importModels(deps, { store: '', vocabulary, teachers, inits: [] });
    return new TeacherScene(folder, store, deps, planKey, vocabulary, imported.teachers);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private counted(sha256: string, model: MappedModel): MappedModel {
    const name = this.natives.find((member) => member.sha256 === sha256)?.name ?? '';
    const own = model.own.bind(model);
    model.own = (input) => {
      this.predictions.set(name, (this.predictions.get(name) ?? 0) + 1);
      return own(input);
    };
    return model;
  }

  /** Its classes in another order, and one more. */
  reference(options: Partial<ReferenceOptions> = {}): ReferenceTeacher {
    const classes = parseVocabularyCsv(readFileSync(join(this.folder, this.vocabulary), 'utf8'));
    const own = [{ mid: '', name: 'Extra' }, ...classes.toReversed()];
    return new ReferenceTeacher({ classes: own, ...options });
  }

  async accepted(
    teacher: ReferenceTeacher,
    workflowRunId = 'run-1',
  ): Promise<{ member: EnsembleMember; probe: PredictShardInput }> {
    const { deps, store, vocabulary } = this;
    const description = await teacher.describe(store);
    const field = 'teachers[0]';
    const of = { store: '', vocabulary, field, teacher: beats, chunkSeconds: 1, masked: false };
    return await acceptTeacher(deps, { ...of, description, workflowRunId });
  }

  /** @returns what was asked of the worker: outputs of the train shard that are not there */
  async predictAll(
    teacher: ReferenceTeacher,
    ensemble: EnsembleMember[],
    of: LogitsSettings | undefined = settings,
  ): Promise<PredictShardInput[]> {
    const { deps, planKey, store } = this;
    const input = { store: '', planKey, split: 'train' as const, shard: 0, chunkSeconds: 1 };
    const { requests } = await writeRows(deps, { ...input, ensemble, settings: of });
    for (const request of requests) await teacher.predict(store, request.input);
    return requests.map((request) => request.input);
  }

  async compute(ensemble: EnsembleMember[], of: LogitsSettings = settings): Promise<LogitsShard> {
    const { context, planKey } = this;
    return await predictAndWrite(context, { store: '', planKey, shard: 0, ensemble, settings: of });
  }

  async shardBytes(logitsKey: string): Promise<Buffer> {
    const audio = await CorpusAudio.open(this.store, this.planKey, 'train');
    return Buffer.from((await this.store.read(layout.logits(logitsKey, audio.audioShards[0]!)))!);
  }
}
