/**
 * What a run does with its clips, stage by stage, as a measured process calls it: what is not
 * measured comes first, and gives what is.
 */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ingestShard } from '../../activities/ingest-shard';
import { localDependencies } from '../../activities/local-dependencies';
import { Trainer } from '../../ced/training/trainer';
import type { JobContext } from '../../jobs/job-context';
import { logitsJob } from '../../jobs/logits/logits-job';
import { scoreClips } from '../../jobs/score/score-clips';
import { LabelledTargets } from '../../jobs/train/labelled-targets';
import { trainingRows, TrainingSet, type TargetRows } from '../../jobs/train/training-set';
import { chunkSamples, CorpusAudio } from '../../storage/corpus/corpus-audio';
import { FolderStore } from '../../storage/folder-store';
import { loadModel } from '../../storage/models/model-folder';
import type { LogitsInput } from '../../workflows/contract/activities';
import { planClips } from '../logits/shard';

export const STAGES = ['ingest', 'logits', 'training', 'scoring'] as const;
export type Stage = (typeof STAGES)[number];

/** What a measured process is started with, as JSON. */
export interface LengthsWork {
  /** Of the store. */
  folder: string;
  input: LogitsInput;
  shards: number;
  clipsPerShard: number;
  batchSize: number;
}

type Prepared = () => Promise<unknown>;

export class Stages {
  private trained: { trainer: Trainer; data: TrainingSet; epoch: number } | null = null;
  private runs = 0;

  constructor(
    private readonly context: JobContext,
    private readonly work: LengthsWork,
  ) {}

  /** @returns the stage over the whole corpus, but for logits, which go shard by shard */
  async prepare(stage: Stage): Promise<Prepared> {
    switch (stage) {
      case 'ingest':
        return await this.ingest();
      case 'logits':
        return this.logits();
      case 'training':
        return await this.training();
      case 'scoring':
        return this.scoring();
    }
  }

  /** Into a store of its own, so that nothing is there yet. */
  private async ingest(): Promise<Prepared> {
    const { folder, input, shards, clipsPerShard } = this.work;
    const root = dirname(folder);
    const place = join(root, 'ingested');
    rmSync(place, { recursive: true, force: true });
    const deps = localDependencies(root, new FolderStore(place));
    const planKey = await planClips(deps, clipsPerShard, input.settings.chunkSeconds);
    return async () => {
      for (let shard = 0; shard < shards; shard++)
        await ingestShard(deps, { store: '', planKey, split: 'train', shard }, () => undefined);
    };
  }

  private logits(): Prepared {
    const { input, shards } = this.work;
    // Each seed gives another key, so no earlier result is found.
    const seed = input.settings.seed + Math.floor(this.runs / shards);
    const shard = this.runs++ % shards;
    return async () =>
      await logitsJob(this.context, { ...input, shard, settings: { ...input.settings, seed } });
  }

  /** An epoch. */
  private async training(): Promise<Prepared> {
    const training = (this.trained ??= await this.openTraining());
    const { trainer, data } = training;
    return async () => {
      const epoch = training.epoch++;
      for (let step = 0; step < data.stepsPerEpoch; step++)
        trainer.step(await data.batch(epoch, step), 1e-4);
    };
  }

  private async openTraining(): Promise<NonNullable<Stages['trained']>> {
    const { context, work } = this;
    const { planKey, ensemble, settings } = work.input;
    const audio = await CorpusAudio.open(context.store, planKey, 'train', { job: context });
    const { config, weights } = await loadModel(context.store, ensemble[0]?.sha256 ?? '');
    const labelled = new LabelledTargets({ augment: settings.augment, seed: settings.seed });
    const targets: TargetRows = {
      augmentation: (row, index, epoch) => labelled.augmentation(row, index, epoch),
      writeTargets: (_row, index, _epoch, out, at) => void (out[at + (index % 100)] = 1),
    };
    const data = new TrainingSet(audio, trainingRows(audio), targets, {
      ...{ batchSize: work.batchSize, mixup: 0.5, seed: settings.seed },
      samples: chunkSamples(settings.chunkSeconds),
    });
    const trainer = new Trainer(context.engine, config, weights, { precision: 'float32' });
    return { trainer, data, epoch: 0 };
  }

  private scoring(): Prepared {
    const { planKey, ensemble, settings } = this.work.input;
    return async () => {
      const audio = await CorpusAudio.open(this.context.store, planKey, 'train', {
        job: this.context,
      });
      try {
        const { sha256 } = ensemble[0]!;
        const model = await this.context.teacher(sha256, settings.precision, audio.vocabulary);
        await scoreClips(audio, model, this.context, { name: 'model' });
      } finally {
        await audio.close();
      }
    };
  }
}
