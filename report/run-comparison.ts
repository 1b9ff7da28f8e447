/**
 * Two runs beside each other: their models with eval mAP, the classes that moved most, and the
 * cost. Pure. The difference of two mAPs has an interval over the classes: it says how far another
 * choice of classes like these would move it, not another choice of clips.
 */
import { studentT } from '../ced/metrics/student-t';
import { knownParameters, sumOfParameters } from '../ced/teachers/known-parameters';
import type { RunCost, RunResult } from '../workflows/contract/activities';
import type { RunScores } from '../workflows/contract/run-scores';

/** `scores` are null for a run that an earlier version published. */
export interface ComparedRun {
  /** As the user named it. */
  place: string;
  result: RunResult;
  scores: RunScores | null;
}

/** Of the earlier and of the later run. */
type Both<T> = [before: T, after: T];

export interface ModelComparison {
  role: 'teacher' | 'ensemble' | 'student';
  name: string;
  parameters: Both<number | null>;
  mAP: Both<number | null>;
  /**
   * Later minus earlier, over the classes that both scored; null where there are none. A single
   * class has no interval.
   */
  difference: { mean: number; low: number | null; high: number | null; classes: number } | null;
}

export interface ClassComparison {
  name: string;
  precision: Both<number>;
  difference: number;
}

/** What a run was scored on, as far as two runs can be told apart by it. */
export interface ComparedEval {
  clips: number;
  /** With a labelled clip. */
  classes: number;
}

export interface RunComparison {
  runs: Both<{ run: string; workflowId: string; place: string }>;
  /** null of a run that an earlier version published. */
  eval: Both<ComparedEval | null>;
  /**
   * Whether clips, classes and labels of eval are as many in both runs, as where their eval is the
   * same; null where that is not known.
   */
  sameEval: boolean | null;
  models: ModelComparison[];
  /** Of the best students, the largest change first. */
  classes: ClassComparison[];
  cost: Both<RunCost | null>;
  /** Of each run alone. */
  seconds: Both<number>;
}

type ScoredModel = RunScores['models'][number];

export function compareRuns(before: ComparedRun, after: ComparedRun): RunComparison {
  const [earlier, later] = [modelsOf(before), modelsOf(after)];
  const best = [bestOf(earlier), bestOf(later)] as const;
  return {
    runs: [identityOf(before), identityOf(after)],
    eval: [evalOf(before), evalOf(after)],
    sameEval: isSameEval(before.scores, after.scores),
    models: pairsOf(earlier, later).map(([one, other]) =>
      compareModels([one, other], [before.scores, after.scores]),
    ),
    classes: pairedClasses(best, [before.scores, after.scores]).sort(
      (a, b) => Math.abs(b.difference) - Math.abs(a.difference) || (a.name < b.name ? -1 : 1),
    ),
    cost: [before.result.cost ?? null, after.result.cost ?? null],
    seconds: [secondsOf(before.result), secondsOf(after.result)],
  };
}

function identityOf({ result, place }: ComparedRun): RunComparison['runs'][number] {
  return { run: result.run, workflowId: result.workflowId, place };
}

function evalOf({ scores }: ComparedRun): ComparedEval | null {
  if (!scores) return null;
  const labelled = scores.classes.filter(({ positives }) => positives > 0);
  return { clips: scores.clips, classes: labelled.length };
}

function isSameEval(earlier: RunScores | null, later: RunScores | null): boolean | null {
  if (!earlier || !later) return null;
  const labels = ({ classes }: RunScores): string =>
    JSON.stringify(classes.map(({ name, positives }) => [name, positives]).sort());
  return earlier.clips === later.clips && labels(earlier) === labels(later);
}

function secondsOf({ stages }: RunResult): number {
  return stages.reduce((sum, { seconds }) => sum + seconds, 0);
}

function modelsOf({ result, scores }: ComparedRun): ScoredModel[] {
  if (scores) return scores.models;
  const { teachers, ensemble, students, logits } = result;
  const plain = (role: ScoredModel['role']) => {
    return ({ name, parameters, mAP }: RunResult['teachers'][number]): ScoredModel => ({
      ...{ role, name, parameters: knownParameters(parameters), mAP, perClass: [] },
    });
  };
  // `teach` lists its models in both places, and has no ensemble.
  const own = logits === null ? [] : teachers;
  const parameters = sumOfParameters(own);
  return [
    ...own.map(plain('teacher')),
    ...(own.length === 0
      ? []
      : [plain('ensemble')({ name: 'ensemble', parameters, mAP: ensemble.mAP })]),
    ...students.map(plain('student')),
  ];
}

/** By role and name; the only students of two runs are a pair whatever their names. */
function pairsOf(
  earlier: readonly ScoredModel[],
  later: readonly ScoredModel[],
): Both<ScoredModel | undefined>[] {
  const students = [earlier, later].map((all) => all.filter(({ role }) => role === 'student'));
  const isPair = students.every(({ length }) => length === 1);
  const left = new Set(earlier);
  const pairs = later.map((model): Both<ScoredModel | undefined> => {
    const match = earlier.find(
      ({ role, name }) =>
        role === model.role && (name === model.name || (role === 'student' && isPair)),
    );
    if (match) left.delete(match);
    return [match, model];
  });
  return [...pairs, ...[...left].map((model): Both<ScoredModel | undefined> => [model, undefined])];
}

function compareModels(
  [before, after]: Both<ScoredModel | undefined>,
  scores: Both<RunScores | null>,
): ModelComparison {
  const { role, name } = (after ?? before)!;
  const renamed = before && after && before.name !== after.name;
  return {
    role,
    name: renamed ? `${before.name} → ${after.name}` : name,
    parameters: [before?.parameters ?? null, after?.parameters ?? null],
    mAP: [before?.mAP ?? null, after?.mAP ?? null],
    difference: intervalOf(
      pairedClasses([before, after], scores).map(({ difference }) => difference),
    ),
  };
}

/** Classes of the same name that both models have an average precision of. */
function pairedClasses(
  [before, after]: readonly [ScoredModel | undefined, ScoredModel | undefined],
  [earlier, later]: Both<RunScores | null>,
): ClassComparison[] {
  if (!before || !after || !earlier || !later) return [];
  const place = new Map(earlier.classes.map(({ name }, index) => [name, index]));
  return later.classes.flatMap(({ name }, index) => {
    const [was, is] = [before.perClass[place.get(name) ?? -1], after.perClass[index]];
    if (was == null || is == null) return [];
    return [{ name, precision: [was, is] as Both<number>, difference: is - was }];
  });
}

/** Mean with a 95 % interval, by the standard error over the classes and Student's t. */
function intervalOf(differences: readonly number[]): ModelComparison['difference'] {
  const { length: classes } = differences;
  if (classes === 0) return null;
  const mean = differences.reduce((sum, each) => sum + each, 0) / classes;
  if (classes === 1) return { mean, low: null, high: null, classes };
  const squares = differences.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  const margin = studentT(classes - 1, 0.05) * Math.sqrt(squares / (classes - 1) / classes);
  return { mean, low: mean - margin, high: mean + margin, classes };
}

function bestOf(models: readonly ScoredModel[]): ScoredModel | undefined {
  return models
    .filter(({ role }) => role === 'student')
    .reduce<ScoredModel | undefined>(
      (best, one) => (!best || (one.mAP ?? 0) > (best.mAP ?? 0) ? one : best),
      undefined,
    );
}
