/**
 * `npm run corpora`: makes a small replica of each layout that `ced init` reads, and takes each
 * from there to a tagged recording. A script and not a test: two of the layouts are tested.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { alignedTable } from '../../cli/aligned-table';
import { runProgram } from '../../cli/failure';
import { printJson } from '../../cli/print-json';
import { Session } from '../../cli/run/session';
import { shortPath } from '../../cli/short-path';
import { commandLine } from '../../infra/command-line/command-line';
import { amount, oneOf, text } from '../../infra/command-line/option';
import { UsageError } from '../../infra/command-line/usage-error';
import { freePort } from '../../infra/free-port';
import { LAYOUTS } from './layouts';
import { ReplicaWriter, type Replica } from './replica';
import { walk, type Walked } from './walk';

const NAMES = Object.keys(LAYOUTS);

const line = commandLine({
  program: 'npm run corpora',
  usage: '[options]',
  about: [
    "Makes a small replica of each dataset layout with audio of the demo's sound bank, runs " +
      'ced init, npm run teach, npm start and ced tag on each, and prints what was found beside ' +
      'what is there. Exit status 1 when they differ or a command fails. The scores say that the ' +
      'way is open, not how good the method is: trainings last seconds.',
  ],
  options: {
    only: {
      value: 'LAYOUT',
      is: oneOf(...NAMES),
      multiple: true,
      help: `only these layouts: ${NAMES.join(', ')}`,
    },
    minutes: {
      value: 'N',
      is: amount,
      default: 0.05,
      help: 'time that each training project is scaled to',
    },
    keep: { help: 'keep the replicas and the projects, and say where' },
    make: {
      value: 'DIR',
      is: text,
      help: 'only make the replicas, each in a folder of its layout in DIR, and start nothing',
    },
    json: { help: 'print one JSON object' },
  },
  examples: ['npm run corpora', 'npm run corpora -- --only esc-50 --only fsd50k --keep'],
});

runProgram(
  async (argv) =>
    await line.run(argv, async ({ values }) => {
      const say = (told: string): void => void process.stderr.write(`${told}\n`);
      const only = values.only.length === 0 ? NAMES : values.only;
      if (values.make !== undefined) return await makeAll(only, resolve(values.make), say);
      const folder = mkdtempSync(join(tmpdir(), 'ced-corpora-'));
      try {
        const walked = await walkAll(only, { folder, minutes: values.minutes, say });
        if (values.json) printJson({ formatVersion: 1, layouts: walked });
        else process.stdout.write(tableOf(walked));
        return walked.every(({ faults }) => faults.length === 0) ? 0 : 1;
      } finally {
        if (values.keep) say(`Replicas and projects: ${folder}`);
        else rmSync(folder, { recursive: true, force: true });
      }
    }),
);

async function makeAll(
  layouts: readonly string[],
  folder: string,
  say: (told: string) => void,
): Promise<number> {
  for (const layout of layouts) {
    const { place, expected } = await make(layout, folder, say);
    process.stdout.write(`${shortPath(place)}: ${expected.clips} clips\n`);
  }
  return 0;
}

async function make(layout: string, folder: string, say: (told: string) => void): Promise<Replica> {
  const to = new ReplicaWriter(join(folder, layout));
  if (existsSync(to.folder)) throw new UsageError(`${to.folder} exists already`);
  mkdirSync(to.folder, { recursive: true });
  const replica = await LAYOUTS[layout]!(to);
  if (to.audio.missing.size > 0)
    say(`${layout}: ${[...to.audio.missing].join(', ')} missing here, WAV instead`);
  return replica;
}

async function walkAll(
  layouts: readonly string[],
  { folder, minutes, say }: { folder: string; minutes: number; say: (told: string) => void },
): Promise<Walked[]> {
  const port = await freePort();
  const session = await Session.open({
    address: `127.0.0.1:${port}`,
    uiPort: null,
    root: folder,
    workers: true,
    onNote: say,
  });
  const all: Walked[] = [];
  try {
    for (const layout of layouts) {
      const replica = await make(layout, join(folder, 'replicas'), say);
      const walked = await Promise.race([
        walk({ layout, replica, folder, port, minutes }),
        session.failed,
      ]);
      say(`${layout}: ${walked.faults.join('; ') || 'passed'}, ${walked.seconds.toFixed(0)} s`);
      all.push(walked);
    }
    return all;
  } finally {
    await session.stop();
  }
}

function tableOf(walked: readonly Walked[]): string {
  const header = ['layout', 'clips', 'labels', 'seconds', 'student mAP', 'tagged', 'recognized as'];
  const counts = ({ found, expected }: Walked['clips']): string => `${found} / ${expected}`;
  const rows = walked.map(({ layout, clips, labels, seconds, studentMAP, tagged, found }) => [
    layout,
    counts(clips),
    counts(labels),
    seconds.toFixed(0),
    studentMAP?.toFixed(3) ?? '–',
    tagged ? `${tagged.label} (is ${tagged.of})` : '–',
    found,
  ]);
  const faults = walked.flatMap(({ layout, faults: own }) =>
    own.map((each) => `${layout}: ${each}`),
  );
  const table = alignedTable([header, ...rows], (column) => column > 0 && column < 5);
  return `${[...table, ...(faults.length === 0 ? [] : ['', ...faults])].join('\n')}\n`;
}
