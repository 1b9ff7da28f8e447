/**
 * Everything that a report shows, as plain data. It holds no time or place of its making, so the
 * same run gives the same bytes.
 */
import type {
  EnsembleAgreement,
  PublishInput,
  RunCost,
  RunResult,
} from '../workflows/contract/activities';
import type { TrainedModel } from '../workflows/contract/models';
import { classHints } from './class-hints';
import type { TagScores } from '../ced/metrics/tag-scores';
import { knownParameters, sumOfParameters } from '../ced/teachers/known-parameters';
import { realTimeFactor, type Latency } from '../ced/metrics/latency';
import {
  groupRejected,
  type RejectedClip,
  type RejectedGroup,
  type SplitSummary,
} from './run-corpus';
import type { TrainingCurve } from './training-curve';
import type { ScoredModel } from './scored-model';
import type { SoftwareVersions } from './software-versions';
import type { DivergenceSpread, RunEvaluation, NamedPair } from './run-evaluation';
import type { WorstClip } from './worst-clip';
import type { RunAttempt } from './run-attempt';

type ModelRole = 'teacher' | 'ensemble' | 'student';

export interface ReportModel {
  role: ModelRole;
  name: string;
  /** Of an ensemble: the sum of its teachers'. null = not known. */
  parameters: number | null;
  sha256: string | null;
  /** Share in the ensemble's mean; null for other models than teachers. */
  weight: number | null;
  /** Of the run's classes, how many a teacher lacks and abstains from; absent = none. */
  missing?: number;
  mAP: number | null;
  /** Average precision by class on eval; empty without labels. */
  perClass: readonly (number | null)[];
  agreement: EnsembleAgreement | null;
  /** Of students and the ensemble on labelled eval clips. */
  tags?: TagScores | null;
  /** Of a chunk on one core; absent where it was not measured. */
  latency?: Latency | null;
  /** Of students that follow an ensemble. */
  spread?: DivergenceSpread | null;
  /** Of students: the eval clips on which they are most wrong. */
  worst?: WorstClip[];
  trained: TrainedModel | null;
}

export interface ReportData {
  kind: 'distill' | 'teach';
  result: RunResult;
  workflowRunId: string;
  planKey: string;
  /** Teachers, ensemble, students, in the run file's order. */
  models: ReportModel[];
  /** Clips of eval, null without that split. */
  evalClips: number | null;
  /** Classes of eval with their labelled clips; empty without labels. */
  classes: { name: string; positives: number }[];
  /** The run's own models, then those of other runs of the store on the same eval clips. */
  scored: ScoredModel[];
  curves: TrainingCurve[];
  /** The ensemble's, which the chart of validation mAP shows for comparison. */
  ensembleValidationMAP: number | null;
  splits: SplitSummary[];
  rejected: RejectedGroup[];
  /** Of every activity; empty if none was recorded. */
  attempts: RunAttempt[];
  versions: SoftwareVersions;
  runFile: unknown;
}

/** What the publishing activity reads from the store. */
export interface RunFindings {
  evaluation: RunEvaluation | null;
  ensembleValidationMAP: number | null;
  /** On eval, or on validation where there is no eval. */
  teacherPairs: NamedPair[];
  splits: SplitSummary[];
  rejected: RejectedClip[];
  scored: ScoredModel[];
  curves: TrainingCurve[];
  attempts: RunAttempt[];
  /** null where no attempt was recorded. */
  cost: RunCost | null;
  versions: SoftwareVersions;
}

export function buildResult(
  input: PublishInput,
  {
    evaluation,
    rejected,
    teacherPairs,
    cost,
  }: Pick<RunFindings, 'evaluation' | 'rejected' | 'teacherPairs' | 'cost'>,
): RunResult {
  const hints = [
    ...input.students.flatMap((student) => student.hints ?? []),
    ...(input.hints ?? []),
    ...classHints(evaluation),
  ];
  const trained = input.students.map(
    ({ name, parameters, sha256, bitExact }, index): RunResult['students'][number] => {
      const score = evaluation?.students[index];
      return {
        name,
        parameters,
        mAP: score?.mAP ?? null,
        agreement: score?.agreement ?? null,
        latency: score?.latency
          ? { ...score.latency, realTimeFactor: realTimeFactor(score.latency) }
          : null,
        checkpoint: `models/${sha256}`,
        sha256,
        bitExact,
      };
    },
  );
  return {
    formatVersion: 1,
    run: input.run,
    workflowId: input.workflowId,
    teachers: input.kind === 'teach' ? trained.map(asTeacher) : ensembleOf(input, evaluation),
    ensemble: {
      mAP: evaluation?.ensemble?.mAP ?? null,
      ...(input.ensembleFit ? { fit: input.ensembleFit } : {}),
    },
    ...(teacherPairs.length === 0 ? {} : { teacherAgreement: teacherPairs }),
    students: trained,
    ...(input.halving ? { halving: input.halving } : {}),
    logits: input.logits,
    ...(input.selection ? { selection: resultSelection(input.selection) } : {}),
    rejected: rejected.length,
    stages: input.stages,
    ...(cost === null ? {} : { cost }),
    ...(input.promotion ? { promotion: input.promotion } : {}),
    ...(hints.length === 0 ? {} : { hints }),
  };
}

function ensembleOf(
  { ensemble }: PublishInput,
  evaluation: RunEvaluation | null,
): RunResult['teachers'] {
  return ensemble.map(({ name, parameters, missing }, index) => ({
    name,
    parameters: knownParameters(parameters),
    mAP: evaluation?.teachers[index]?.mAP ?? null,
    ...(missing === undefined ? {} : { missingClasses: missing }),
  }));
}

/** A teacher agrees with no ensemble. */
function asTeacher({
  agreement: _,
  ...model
}: RunResult['students'][number]): RunResult['teachers'][number] {
  return model;
}

const SELECTION_EXAMPLES = 10;

function resultSelection({
  leaveOut,
  ...selection
}: NonNullable<PublishInput['selection']>): NonNullable<RunResult['selection']> {
  const examples = leaveOut.slice(0, SELECTION_EXAMPLES);
  return { ...selection, clips: leaveOut.length, examples };
}

export function buildReportData(
  input: PublishInput,
  result: RunResult,
  findings: RunFindings,
): ReportData {
  const { evaluation } = findings;
  return {
    kind: input.kind,
    result,
    workflowRunId: input.workflowRunId,
    planKey: input.planKey,
    models: reportModels(input, evaluation),
    evalClips: evaluation?.clips ?? null,
    classes: evaluation?.classes ?? [],
    scored: findings.scored,
    curves: findings.curves,
    ensembleValidationMAP: findings.ensembleValidationMAP,
    splits: findings.splits,
    rejected: groupRejected(findings.rejected),
    attempts: findings.attempts,
    versions: findings.versions,
    runFile: input.runFile,
  };
}

function reportModels(input: PublishInput, evaluation: RunEvaluation | null): ReportModel[] {
  const weightSum = input.ensemble.reduce((sum, { weight }) => sum + weight, 0);
  const unscored = {
    mAP: null,
    perClass: [],
    agreement: null,
    latency: null,
    spread: null,
    worst: [],
  };
  const teachers = input.ensemble.map(
    ({ name, parameters, sha256, weight, missing }, index): ReportModel => {
      const score = evaluation?.teachers[index] ?? unscored;
      return {
        role: 'teacher',
        name,
        parameters: knownParameters(parameters),
        sha256,
        weight: weight / weightSum,
        ...(missing === undefined ? {} : { missing }),
        mAP: score.mAP,
        perClass: score.perClass,
        agreement: null,
        latency: score.latency,
        trained: null,
      };
    },
  );
  const parameters = sumOfParameters(input.ensemble);
  const { mAP, perClass, tags } = evaluation?.ensemble ?? { ...unscored, tags: null };
  const ensemble: ReportModel = {
    role: 'ensemble',
    name: 'ensemble',
    parameters,
    sha256: null,
    weight: null,
    mAP,
    perClass,
    agreement: null,
    tags: tags ?? null,
    trained: null,
  };
  const students = input.students.map((trained, index): ReportModel => {
    const score = evaluation?.students[index] ?? unscored;
    return {
      role: 'student',
      name: trained.name,
      parameters: trained.parameters,
      sha256: trained.sha256,
      weight: null,
      ...score,
      trained,
    };
  });
  return [...teachers, ...(teachers.length === 0 ? [] : [ensemble]), ...students];
}

/**
 * The student of the headline: the one with the highest mAP, else the one closest to the ensemble,
 * else the first. Of equal ones, the first.
 */
export function bestStudent(data: Pick<ReportData, 'models'>): ReportModel | null {
  const students = data.models.filter(({ role }) => role === 'student');
  const better = (a: ReportModel, b: ReportModel): boolean =>
    a.mAP !== null && b.mAP !== null
      ? a.mAP > b.mAP
      : a.agreement !== null &&
        b.agreement !== null &&
        a.agreement.divergence < b.agreement.divergence;
  return students.reduce<ReportModel | null>(
    (best, student) => (best === null || better(student, best) ? student : best),
    null,
  );
}
