/** What training pays for stored logits: to decode a shard once a job, and to read one view of it an epoch, beside what its steps take. */
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoredViews } from '../../activities/distill/stored-views';
import { engineEnvironment } from '../../ced/engine/environment';
import type { LogitTable } from '../../ced/logits/logit-table';
import { writeTargets } from '../../ced/logits/targets';
import { MODEL_PRESETS } from '../../ced/model/config';
import { MeasuredProcess } from '../measured-process';
import type { Job } from '../measures';

/** CPU time in microseconds a chunk to read one view and write its targets, the best of eight. */
export function viewReadMicroseconds(table: LogitTable, views: number, classes: number): number {
  const stored = StoredViews.create(tmpdir(), { stored: views, kept: views }, table.topK);
  try {
    stored.add(0, table);
    const chunks = table.rows / views;
    const targets = new Float32Array(classes);
    let fastest = Infinity;
    for (let repeat = 0; repeat < 8; repeat++) {
      const before = process.cpuUsage();
      for (let at = 0; at < chunks; at++) writeTargets(stored.read(0, at, repeat % views), 0, classes, 'zero', table.topK, targets, 0);
      const { user, system } = process.cpuUsage(before);
      fastest = Math.min(fastest, (user + system) / chunks);
    }
    return fastest;
  } finally {
    stored.close();
  }
}

/** Wall time in microseconds a chunk of 10 s that a training step of CED-tiny takes on this machine, the best of three. */
export async function stepMicroseconds(): Promise<number> {
  const batch = 32;
  const job: Job = {
    measure: 'train',
    device: 'cpu',
    variant: 'eager',
    precision: 'float32',
    config: MODEL_PRESETS.tiny,
    batch,
    samples: 160_000,
  };
  const env = { ...process.env, ...engineEnvironment({ intraOpThreads: availableParallelism() }) };
  const measured = await MeasuredProcess.start(process.execPath, [join(__dirname, '..', 'worker.js'), JSON.stringify(job)], env);
  try {
    const runs = [await measured.run(), await measured.run(), await measured.run()];
    return (1000 * Math.min(...runs.map(({ ms }) => ms))) / batch;
  } finally {
    measured.stop();
  }
}
