/** What a run would say in its first second, found without a server, a store or an engine. */
import { championNotes } from '../../activities/plan/champion-notes';
import { readInit, readTeacher } from '../../activities/plan/read-checkpoint';
import { readAnyTeacher, requireKnownClasses } from '../../activities/plan/read-teacher';
import type { InputPlace } from '../../activities/plan/read-input';
import { sampleRate } from '../../ced/audio/mono16k';
import { isUri } from '../../ced/corpus/address';
import { singleClipNote } from '../../ced/corpus/single-clips';
import type { Vocabulary } from '../../ced/teachers/vocabulary';
import { openStore } from '../../storage/open-store';
import type { Store } from '../../storage/store';
import { unevenClassesHints } from '../../workflows/contract/class-balance';
import { PermanentError } from '../../workflows/contract/failures';
import { hasMasks, type DistillRun, type TeachRun } from '../../workflows/contract/run-file';
import {
  ensembleProblems,
  promotionNotes,
  startsFromChampion,
} from '../../workflows/contract/run-notes';
import { CHAMPION } from '../../workflows/contract/run-file-sections';
import type { SplitSurvey } from '../corpus/corpus-survey';

export interface RunLook {
  /** For which the run would be refused. */
  problems: string[];
  notes: string[];
  /** Hz that teachers say they take, in the run file or in their files. */
  sampleRates: number[];
}

/** Of the teachers that the run file gives one; their files are not read. */
export function declaredRates(run: DistillRun | TeachRun): number[] {
  if (!('logits' in run)) return [];
  return run.teachers.flatMap((teacher) =>
    'sampleRate' in teacher && teacher.sampleRate !== undefined ? [teacher.sampleRate] : [],
  );
}

/**
 * Models that lie elsewhere are not fetched for it.
 * @param vocabulary null = it is not known: no model is compared with it
 */
export async function lookAtRun(
  run: DistillRun | TeachRun,
  input: InputPlace,
  vocabulary: Vocabulary | null,
  splits: readonly Pick<SplitSurvey, 'split' | 'clips' | 'labelled' | 'classes' | 'notes'>[],
): Promise<RunLook> {
  const look: RunLook = { problems: [], notes: [], sampleRates: declaredRates(run) };
  for (const { split, classes, notes } of splits) {
    look.notes.push(...notes.map((note) => `corpus.${split}: ${note}`));
    const single = 'logits' in run && split === 'train' ? null : singleClipNote(classes);
    if (single !== null) look.notes.push(`corpus.${split}: ${single}`);
    if (!('logits' in run) && split === 'train')
      look.notes.push(...unevenClassesHints(split, classes).map(({ text }) => text));
  }
  const evaluation = splits.find(({ split }) => split === 'eval');
  if ('logits' in run) {
    look.notes.push(...promotionNotes(run, evaluation?.labelled), ...maskNotes(run));
    const validation = splits.find(({ split }) => split === 'validation');
    look.problems.push(...ensembleProblems(run, validation));
  }
  if (vocabulary !== null) await lookAtModels(run, input, vocabulary, look);
  return look;
}

/** Whether a worker applies masks it says only when the run starts. */
function maskNotes({ teachers, logits }: DistillRun): string[] {
  if (!hasMasks(logits)) return [];
  return teachers.flatMap((teacher, index) =>
    teacher.format === 'worker' && teacher.spectrogramMasks !== 'skip'
      ? [
          `teachers[${index}].spectrogramMasks: the run masks spectrograms, and is refused if ` +
            `${teacher.name} applies no masks itself; with "spectrogramMasks": "skip" it gets none`,
        ]
      : [],
  );
}

async function lookAtModels(
  run: DistillRun | TeachRun,
  input: InputPlace,
  vocabulary: Vocabulary,
  look: RunLook,
): Promise<void> {
  const telling = async (read: () => Promise<readonly string[]>): Promise<void> => {
    try {
      look.notes.push(...(await read()));
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      look.problems.push(error.message);
    }
  };
  const maps: Int32Array[] = [];
  if ('logits' in run) {
    for (const [index, teacher] of run.teachers.entries()) {
      if (teacher.format === 'worker') {
        look.notes.push(
          `teachers[${index}]: its workers on ${teacher.taskQueue} are asked when the run starts`,
        );
        continue;
      }
      if (isUri(teacher.checkpoint)) continue;
      const field = `teachers[${index}]`;
      await telling(async () => {
        const read = await readAnyTeacher(input, vocabulary, field, teacher, run.logits);
        maps.push(read.classMap);
        if ('declared' in read) look.sampleRates.push(read.declared.sampleRate ?? sampleRate);
        return read.notes;
      });
    }
    const { fromLabels } = run;
    if (fromLabels !== undefined && !isUri(fromLabels))
      await telling(async () => {
        await readTeacher(input, vocabulary, 'fromLabels', fromLabels, 'refuse');
        return [];
      });
    // A teacher that was not read may know what the others lack.
    if (maps.length === run.teachers.length)
      await telling(() => {
        requireKnownClasses(maps, vocabulary);
        return Promise.resolve([]);
      });
  }
  const [section, trainings] =
    'students' in run
      ? (['students', run.students] as const)
      : (['teachers', run.teachers] as const);
  const chunkSeconds = 'logits' in run ? run.logits.chunkSeconds : run.chunkSeconds;
  for (const [index, { init, model }] of trainings.entries()) {
    if (init === null || init === CHAMPION || isUri(init)) continue;
    const starting = { field: `${section}[${index}].init`, checkpoint: init, model };
    await telling(async () => {
      const { notes } = await readInit(input, vocabulary, starting, chunkSeconds);
      return notes;
    });
  }
  const champion = 'students' in run ? startsFromChampion(run) : null;
  if (champion && !isUri(champion.place)) {
    const openFolder = (uri: string): Store => openStore(input.root, uri);
    await telling(() =>
      championNotes({ openStore: openFolder }, vocabulary, champion, chunkSeconds),
    );
  }
}
