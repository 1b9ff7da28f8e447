/**
 * Publishes the evidence of the finished runs in `docs/`: the page, a plot for each question, and
 * the run file of every arm's first seed.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { openStore } from '../../storage/open-store';
import { logitShards } from '../../storage/logits/read-logits';
import { readFileSync } from 'node:fs';
import { readLeaderboard, withLeaderboard } from '../leaderboard/leaderboard';
import { armRun } from './arm-run';
import { CLASSES, STORE, VIEWS } from './base-run';
import { COMMON_CORPUS } from './corpora';
import { gather, type ArmEvidence, type Evidence } from './evidence';
import type { Question } from './experiment';
import { dotPlot } from './plot';
import { PublishedStudy, type PublishedQuestion } from './published-scores';
import { prefixBytes } from './prefix-bytes';
import { resultsPage } from './results-page';
import { trainingMinutes } from './training-minutes';

export interface PublishOptions {
  root: string;
  seeds: readonly number[];
  questions: readonly Question[];
  leftOut: readonly string[];
}

export async function publish({ root, seeds, questions, leftOut }: PublishOptions): Promise<void> {
  const trained = trainingMinutes(join(root, STORE));
  const evidence = questions.map((question) => gather(root, question, seeds, trained));
  const arms = [
    ...new Map(
      evidence
        .flatMap(({ reference, comparisons }) => [reference, ...comparisons])
        .map((each) => [each.arm.id, each]),
    ).values(),
  ];
  const [base] = ['base', 'demo'].flatMap(
    (id) => arms.find(({ arm }) => arm.id === id)?.results.get(seeds[0] ?? 1) ?? [],
  );
  const facts = {
    seeds,
    leftOut,
    published: publishedBefore(root, evidence),
    hardware: `${availableParallelism()} cores of ${cpus()[0]?.model ?? 'an unknown processor'}`,
    evalClips: readFileSync(join(root, COMMON_CORPUS.eval), 'utf8').trim().split('\n').length,
    ensemble: base?.teachers ?? [],
    ensembleMAP: base?.ensemble.mAP ?? null,
    prefixBytes: await bytesOfPrefixes(root, evidence, base?.logits?.key),
    trainingMinutes: arms.reduce(
      (sum, { minutes, results }) => sum + (minutes ?? 0) * results.size,
      0,
    ),
  };
  const write = (path: string, text: string): void => {
    const file = join(root, 'docs', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  const plotOf = (id: string): string => `results/${id}.svg`;
  const page = resultsPage(evidence, facts, plotOf);
  write('results.md', withLeaderboard(page, readLeaderboard(join(root, 'docs'))));
  for (const each of evidence)
    if (each.reference.score !== null && !facts.published.has(each.question.id))
      write(plotOf(each.question.id), plot(each));
  for (const { arm, results } of arms) {
    const [seed] = results.keys();
    const made = seed === undefined ? null : armRun(root, arm, seed);
    if (made !== null)
      write(`results/run-files/${arm.id}.json`, `${JSON.stringify(made.run, null, 2)}\n`);
  }
}

/** What the page says of questions of which this store compares nothing. */
function publishedBefore(
  root: string,
  evidence: readonly Evidence[],
): Map<string, PublishedQuestion> {
  const published = PublishedStudy.open(root);
  return new Map(
    evidence.flatMap(({ question, comparisons }) => {
      if (comparisons.some(({ pairs }) => pairs.length > 0)) return [];
      const found = published?.question(question.title) ?? null;
      return found === null ? [] : [[question.id, found]];
    }),
  );
}

function plot({ question, reference, comparisons }: Evidence): string {
  const [first] = reference.results.values();
  const ensembleMAP = first?.ensemble.mAP ?? null;
  const rows = [reference, ...comparisons]
    .filter(({ score }) => score !== null)
    .map((each) => ({ label: shortLabel(each), values: scores(each, question) }));
  const line =
    question.measure === 'mAP' && ensembleMAP !== null
      ? { value: ensembleMAP, label: 'ensemble' }
      : null;
  return dotPlot(
    rows,
    question.measure === 'mAP' ? 'eval mAP' : 'clips with the same top class',
    line,
  );
}

function scores({ results }: ArmEvidence, { measure }: Question): number[] {
  return [...results.values()].flatMap(({ students: [student] }) => {
    const score = measure === 'mAP' ? student?.mAP : student?.agreement?.topMatch;
    return score === null || score === undefined ? [] : [score];
  });
}

const shortLabel = ({ arm }: ArmEvidence): string => (arm.id === 'base' ? 'the base' : arm.label);

/** Bytes of the base's logits, cut to the prefix that each arm of a question about bytes reads. */
async function bytesOfPrefixes(
  root: string,
  evidence: readonly Evidence[],
  key: string | undefined,
): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  if (key === undefined) return sizes;
  const store = openStore(root, STORE);
  const shards = (await logitShards(store, key)).get(key) ?? [];
  for (const { question, reference, comparisons } of evidence) {
    if (!question.bytes) continue;
    for (const { arm, results } of [reference, ...comparisons]) {
      if (results.size === 0 || sizes.has(arm.id)) continue;
      const made = arm.make(1, null);
      const student = made.type === 'distill' ? made.run.students[0] : undefined;
      sizes.set(
        arm.id,
        await prefixBytes(store, key, shards, {
          views: student?.views ?? VIEWS,
          topK: student?.topK ?? CLASSES,
        }),
      );
    }
  }
  return sizes;
}
