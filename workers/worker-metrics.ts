/**
 * The engine's gauges beside Temporal's own at the worker's `/metrics`. They are set from the
 * engine's progress reports, labelled by job and model; rates fall to 0 when the job ends.
 */
import type { MetricGauge, MetricMeter } from '@temporalio/common';
import type { EngineJob } from '../jobs/engine-jobs';
import type { LiveProgress } from '../workflows/contract/live-progress';
import { readGpuMemory, type GpuMemory } from './gpu-memory';

const GPU_EVERY_MS = 10_000;

/** Name, unit and meaning of each gauge; docs/operate.md lists them. */
const GAUGES = {
  ced_clips_per_second: ['', 'chunks predicted or trained on each second'],
  ced_step_milliseconds: ['', 'time of a training step, data included'],
  ced_data_wait_ratio: ['', 'share of a training step spent waiting for its batch'],
  ced_loss: ['', 'training loss of the last step'],
  ced_validation_divergence: ['', 'divergence from the ensemble at the last validation'],
  ced_validation_map: ['', 'mean average precision of the last validation'],
  ced_epoch: ['', 'epochs finished'],
  ced_progress_ratio: ['', 'share of the job that is done'],
  ced_engine_memory_bytes: ['', "resident memory of the engine's process"],
  ced_gpu_memory_bytes: ['', 'memory in use on a GPU'],
} as const;

type GaugeName = keyof typeof GAUGES;

export class WorkerMetrics {
  private readonly gauges: Record<GaugeName, MetricGauge>;
  private readonly jobs;
  private gpuReadMs = -Infinity;

  constructor(
    meter: MetricMeter,
    private readonly monotonicMs: () => number,
    private readonly readGpus: () => Promise<GpuMemory[]> = readGpuMemory,
  ) {
    const gauge = (name: GaugeName): MetricGauge =>
      meter.createGauge(name, 'float', ...GAUGES[name]);
    const names = Object.keys(GAUGES) as GaugeName[];
    this.gauges = Object.fromEntries(names.map((name) => [name, gauge(name)])) as Record<
      GaugeName,
      MetricGauge
    >;
    this.jobs = meter.createCounter('ced_jobs', '', 'jobs that the engine ended, by outcome');
  }

  progress(job: EngineJob, progress: LiveProgress, memoryBytes: number): void {
    const tags = tagsOf(job);
    const set = (name: GaugeName, value: number | null | undefined): void => {
      if (value !== null && value !== undefined) this.gauges[name].set(value, tags);
    };
    const { pace } = progress;
    const isTraining = job.kind === 'train' || job.kind === 'take part';
    set('ced_clips_per_second', isTraining ? pace?.clipsPerSecond : progress.perSecond);
    set('ced_step_milliseconds', pace?.stepMs);
    set('ced_data_wait_ratio', pace?.dataWaitShare);
    set('ced_loss', progress.loss);
    set('ced_validation_map', progress.mAP);
    set('ced_validation_divergence', progress.divergence);
    set('ced_epoch', progress.epoch);
    // While it validates, what is counted is something else.
    if (progress.total > 0 && progress.phase === undefined)
      set('ced_progress_ratio', progress.done / progress.total);
    this.gauges.ced_engine_memory_bytes.set(memoryBytes);
    this.lookAtGpus();
  }

  ended(job: EngineJob, outcome: 'done' | 'failed' | 'stopped'): void {
    this.jobs.add(1, { job: job.kind, outcome });
    this.gauges.ced_clips_per_second.set(0, tagsOf(job));
  }

  private lookAtGpus(): void {
    if (this.monotonicMs() - this.gpuReadMs < GPU_EVERY_MS) return;
    this.gpuReadMs = this.monotonicMs();
    void this.readGpus().then((gpus) => {
      for (const { gpu, bytes } of gpus) this.gauges.ced_gpu_memory_bytes.set(bytes, { gpu });
    });
  }
}

function tagsOf(job: EngineJob): { job: string; model: string } {
  switch (job.kind) {
    case 'train':
      return { job: 'train', model: job.input.settings.name };
    case 'take part':
      return { job: 'take part', model: job.input.settings.name };
    case 'score':
      return { job: 'score', model: job.input.model.name };
    case 'compare':
      return { job: 'compare', model: 'champion' };
    case 'logits':
      return { job: 'logits', model: 'ensemble' };
    case 'try':
      return { job: 'try', model: job.input.teachers[0]?.name ?? '' };
  }
}
