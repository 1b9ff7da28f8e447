/**
 * Takes one replica from `ced init` to a tagged recording, with the commands that a person types,
 * and compares what was found with what is there.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { SPLITS, type Split } from '../../workflows/contract/models';
import type { Replica } from './replica';

export interface WalkOptions {
  layout: string;
  replica: Replica;
  /** Where projects go. */
  folder: string;
  /** Port of a Temporal server with workers. */
  port: number;
  /** Of computing, teachers included. */
  minutes: number;
}

export interface Walked {
  layout: string;
  /** As `ced init` says it; empty when it failed. */
  found: string;
  clips: { found: number; expected: number };
  labels: { found: number; expected: number };
  seconds: number;
  studentMAP: number | null;
  /** The most probable class of a held-out recording, and its own. */
  tagged: { label: string; of: string } | null;
  /** Why the replica counts as failed; empty = it passed. */
  faults: string[];
}

const initSchema = z.object({
  found: z.object({ layout: z.string(), clips: z.number() }),
  folder: z.string(),
});
const planSchema = z.object({ problems: z.array(z.string()), notes: z.array(z.string()) });
const resultSchema = z.object({ students: z.array(z.object({ mAP: z.number().nullable() })) });
const taggedSchema = z.object({
  chunks: z.array(z.object({ tags: z.array(z.object({ label: z.string() })) })),
});
const rowSchema = z.object({ audio: z.string(), labels: z.array(z.string()).default([]) });
type Row = z.output<typeof rowSchema>;
/** Notes that every project gets, and what trainings of seconds say. */
const ABOUT_LENGTH = /^\w+\[\d+\]\.budget: |still learned at its last epoch/;

export async function walk({ replica, ...options }: WalkOptions): Promise<Walked> {
  const { layout, folder, port, minutes } = options;
  const { expected, place } = replica;
  const startMs = performance.now();
  const walked: Walked = {
    layout,
    found: '',
    clips: { found: 0, expected: expected.clips },
    labels: { found: 0, expected: expected.labels },
    seconds: 0,
    studentMAP: null,
    tagged: null,
    faults: [],
  };
  try {
    const out = join(folder, `project ${layout}`);
    const name = `replica-${layout.replaceAll('.', '-')}`;
    const cache = { CED_CACHE: join(folder, 'cache') };
    const init = ['init', place, '--out', out, '--name', name, '--minutes', String(minutes)];
    const made = initSchema.parse(await json(['cli/main.js', ...init, '--json'], cache));
    const rows = rowsOf(out);
    walked.found = made.found.layout;
    walked.clips.found = Object.values(rows).flat().length;
    walked.labels.found = Object.values(rows)
      .flat()
      .reduce((sum, { labels }) => sum + labels.length, 0);
    walked.faults.push(...differences(walked, expected.layout, rows));
    const session = ['--port', String(port), '--no-workers', '--json'];
    const file = (which: string): string => join(out, which);
    const teach = ['--run', file('teach.json'), '--out', file('teachers')];
    await json(['cli/run/teach.js', ...teach, ...session]);
    for (const plan of [
      ['plan', file('teach.json'), '--type', 'teach'],
      ['plan', file('run.json')],
    ]) {
      const { problems, notes } = planSchema.parse(await json(['cli/main.js', ...plan, '--json']));
      const faults = [...problems, ...notes.filter((note) => !ABOUT_LENGTH.test(note))];
      walked.faults.push(...faults.map((each) => `ced plan: ${each}`));
    }
    const run = await json(['cli/run/start.js', '--run', file('run.json'), ...session]);
    walked.studentMAP = resultSchema.parse(run).students[0]?.mAP ?? null;
    if (walked.studentMAP === null) walked.faults.push('the student has no mAP');
    const [recording] = rows.eval;
    const model = join(out, 'store', 'runs', name);
    // Of clips that are no files of their own, the project brings one.
    const own = file('recording.wav');
    const tagged = existsSync(own) ? own : (recording?.audio ?? '');
    const tag = ['tag', tagged, '--model', model, '--json'];
    const { chunks } = taggedSchema.parse(await json(['cli/main.js', ...tag]));
    const label = chunks[0]?.tags[0]?.label;
    if (label === undefined) walked.faults.push('the recording has no tags');
    else walked.tagged = { label, of: recording?.labels.join('; ') ?? '' };
  } catch (error) {
    walked.faults.push((error as Error).message);
  }
  walked.seconds = (performance.now() - startMs) / 1000;
  return walked;
}

function differences(
  { found, clips, labels }: Walked,
  layout: string,
  rows: Record<Split, Row[]>,
): string[] {
  return [
    ...(found.startsWith(layout) ? [] : [`found ${found}, expected ${layout}`]),
    ...(clips.found === clips.expected ? [] : ['clips differ']),
    ...(labels.found === labels.expected ? [] : ['labels differ']),
    ...SPLITS.filter((split) => rows[split].length === 0).map((split) => `no clips in ${split}`),
  ];
}

/** Of the tables that `ced init` wrote; a split without clips has none. */
function rowsOf(project: string): Record<Split, Row[]> {
  const rowsIn = (split: string): Row[] => {
    const table = join(project, `${split}.jsonl`);
    if (!existsSync(table)) return [];
    const lines = readFileSync(table, 'utf8').split('\n');
    return lines.filter(Boolean).map((line) => rowSchema.parse(JSON.parse(line)));
  };
  return { train: rowsIn('train'), validation: rowsIn('validation'), eval: rowsIn('eval') };
}

/**
 * Runs a compiled program and reads the JSON that it prints.
 * @throws its last line of complaint
 */
async function json(
  [program = '', ...args]: readonly string[],
  environment: Record<string, string> = {},
): Promise<unknown> {
  const compiled = join(__dirname, '..', '..', program);
  const child = spawn(process.execPath, [compiled, ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, complaint] = ['', ''];
  child.stdout.on('data', (part: Buffer) => (output += part.toString()));
  child.stderr.on('data', (part: Buffer) => (complaint += part.toString()));
  const status = await new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  );
  if (status !== 0)
    throw new Error(`${program}: ${complaint.trim().split('\n').at(-1) ?? `status ${status}`}`);
  return JSON.parse(output) as unknown;
}
