/**
 * A process with a Temporal worker of the reference teacher: `ADDRESS QUEUE ROOT CLASSES.csv
 * [MS after each batch] [FAULT] [HZ]`. Prints a line when it polls, and one for each batch. Its
 * faults: `unshifted` ignores shifts, `nan` gives NaN.
 */
import { readFileSync } from 'node:fs';
import { ApplicationFailure, Context } from '@temporalio/activity';
import { NativeConnection, Worker } from '@temporalio/worker';
import { parseVocabularyCsv } from '../../ced/teachers/vocabulary';
import { openStore, storeOptionsFrom } from '../../storage/open-store';
import type { Store } from '../../storage/store';
import type { TeacherActivities } from '../../workflows/contract/teacher-worker';
import { ReferenceTeacher, TeacherFailure } from './reference-teacher';

async function main([
  address = '',
  taskQueue = '',
  root = '',
  classes = '',
  pauseMs = '0',
  fault = '',
  sampleRate = '16000',
]: string[]): Promise<void> {
  const teacher = new ReferenceTeacher({
    classes: parseVocabularyCsv(readFileSync(classes, 'utf8')),
    // Of a periodic sound every part has the same share above zero.
    spoil: (_row, outputs) =>
      outputs.map((value, c) => (fault === 'nan' ? NaN : 0.9 * value + 0.01 * c)),
    ignoresShifts: fault === 'unshifted',
    sampleRate: Number(sampleRate),
  });
  const open = (uri: string): Store => openStore(root, uri, storeOptionsFrom(process.env));
  const activities: TeacherActivities = {
    describeTeacher: ({ store }) => teacher.describe(open(store)),
    predictShard: async (input) => {
      const { cancelled, cancellationSignal, heartbeat } = Context.current();
      const afterBatch = async (done: number, total: number): Promise<void> => {
        heartbeat({ unit: 'rows', done, total, perSecond: 1 });
        process.stdout.write(`batch ${input.output.data} ${done}\n`);
        const pause = new Promise((resolve) => setTimeout(resolve, Number(pauseMs)));
        await Promise.race([pause, cancelled]);
        cancellationSignal.throwIfAborted();
      };
      try {
        return await teacher.predict(open(input.store), input, { afterBatch });
      } catch (error) {
        if (!(error instanceof TeacherFailure)) throw error;
        throw ApplicationFailure.nonRetryable(error.message, error.type, ...error.details);
      }
    },
  };
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({ connection, taskQueue, activities });
  const running = worker.run();
  process.stdout.write('teacher ready\n');
  await running;
}

void main(process.argv.slice(2));
