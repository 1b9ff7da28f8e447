/** `npm run teacher-check`: whether a teacher's worker keeps the contract (docs/teachers.md). */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isUri } from '../../ced/corpus/address';
import { runProgram } from '../../cli/failure';
import { printJson } from '../../cli/print-json';
import { commandLine } from '../../infra/command-line/command-line';
import { count, text, textOf } from '../../infra/command-line/option';
import { openStore, storeOptionsFrom } from '../../storage/open-store';
import { temporalOptions, temporalSettings } from '../../workers/temporal-settings';
import type { CheckPlace } from './checked-teacher';
import { Conformance, type Outcome } from './conformance';
import { TeacherQueue } from './teacher-queue';
import type { TeacherCheckOutput } from './check-output';

const line = commandLine({
  program: 'npm run teacher-check',
  usage: '--task-queue QUEUE [options]',
  about: [
    'Checks that the worker of a teacher of format worker keeps the contract: what it describes, ' +
      'what it predicts of a made shard, shifts, batches, reuse, refusals, heartbeats and ' +
      'cancellation. Prints a line for each check. Exit status 1 if any failed.',
  ],
  options: {
    'task-queue': {
      value: 'QUEUE',
      is: textOf("the task queue of the teacher's worker"),
      required: true,
      help: "task queue of the teacher's worker",
    },
    store: {
      value: 'DIR',
      is: text,
      shown: 'a temporary folder, for workers on this machine',
      help:
        'folder or bucket that the worker reaches by the same address; all but the class ' +
        'list is removed',
    },
    limit: {
      value: 'SECONDS',
      is: count,
      default: 120,
      help: 'within which each call must be answered',
    },
    keep: { help: 'keep what the checks wrote, and say where; a failed check can be looked into' },
    ...temporalOptions,
    json: { help: 'print the checks as JSON' },
  },
  examples: [
    'npm run teacher-check -- --task-queue teacher-beats',
    'npm run teacher-check -- --task-queue teacher-beats --keep',
    'npm run teacher-check -- --task-queue beats --address temporal:7233 --store s3://bucket/check',
  ],
});

runProgram(
  async (argv) =>
    await line.run(argv, async ({ values }) => {
      const taskQueue = values['task-queue'];
      const print = values.json ? () => undefined : printOutcome;
      const settings = temporalSettings(values, process.env);
      const queue = await TeacherQueue.open(settings, taskQueue, values.limit);
      try {
        const checks = await inPlace(values.store, values.keep, (place) =>
          checked(queue, place, print),
        );
        const failed = checks.filter(({ passed }) => !passed).length;
        if (values.json)
          printJson({
            formatVersion: 1,
            taskQueue,
            passed: failed === 0,
            checks,
          } satisfies TeacherCheckOutput);
        else console.log(`${checks.length - failed} passed, ${failed} failed`);
        return failed === 0 ? 0 : 1;
      } finally {
        await queue.close();
      }
    }),
);

async function checked(
  queue: TeacherQueue,
  place: CheckPlace,
  print: (outcome: Outcome) => void,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for await (const outcome of new Conformance(queue, place).run()) {
    outcomes.push(outcome);
    print(outcome);
  }
  return outcomes;
}

function printOutcome({ name, passed, why }: Outcome): void {
  console.log(`${passed ? 'passed' : 'failed'}  ${name}: ${why}`);
}

/**
 * Removes what the checks wrote, unless it is to be kept.
 * @param given folder or bucket; undefined = a temporary folder
 */
async function inPlace<T>(
  given: string | undefined,
  keep: boolean,
  check: (place: CheckPlace) => Promise<T>,
): Promise<T> {
  const temporary = given === undefined ? mkdtempSync(join(tmpdir(), 'ced-teacher-check-')) : null;
  const address = temporary ?? (isUri(given!) ? given! : resolve(given!));
  const store = openStore('/', address, storeOptionsFrom(process.env));
  const prefix = `teacher-check/${randomUUID()}/`;
  try {
    return await check({ store, address, prefix });
  } finally {
    if (keep) process.stderr.write(`kept: ${prefix} in ${address}\n`);
    else if (temporary !== null) rmSync(temporary, { recursive: true, force: true });
    else
      for (const folder of [prefix, `quarantine/${prefix}`])
        for (const key of await store.list(folder)) await store.remove(key);
  }
}
