/** Writes a new project: tables, class list, run files and a README with the commands. */
import { counted } from '../../ced/counted';
import { isAbsolute, join, relative } from 'node:path';
import type { ChannelChoice } from '../../ced/audio/channels';
import { formatVocabularyCsv, type Vocabulary } from '../../ced/teachers/vocabulary';
import { SPLITS, type Split } from '../../workflows/contract/models';
import { jsonText } from '../print-json';
import { LEFT_OUT } from './read-contents';
import type { DatasetClip } from './datasets/dataset';
import type { HeldOutRecording } from './held-out-recording';
import { writeProjectFolder } from './project-folder';
import type { ProjectSettings, TrainingSettings } from './project-settings';

export interface Project {
  name: string;
  /** Absolute folder of the project. */
  folder: string;
  /** The clone's root, where relative paths of run files start. */
  root: string;
  layout: string;
  source: string;
  clips: (DatasetClip & { split: NonNullable<DatasetClip['split']> })[];
  /** Empty where only the worker of the first teacher knows the classes. */
  vocabulary: Vocabulary;
  settings: ProjectSettings;
  /** Entries of teachers that exist already; none = they are trained by teach.json. */
  givenTeachers: Record<string, string>[];
  /** Clips that no run can use. */
  leftOut: { clip: string; reason: string }[];
  notes: string[];
  /** To try the student with; null where eval holds none. */
  recording: HeldOutRecording | null;
  /** What is made of several channels; null where no clip has several. */
  channels: ChannelChoice | null;
}

/** In the project's folder, of a recording that is no file of its own. */
const RECORDING = 'recording.wav';

/**
 * @param commands for the README, and `check`, which reads the tables as a run would
 * @returns the files' names
 */
export async function writeProject(
  project: Project,
  commands: readonly string[],
  check: string,
): Promise<string[]> {
  const { folder, vocabulary, clips } = project;
  const files = new Map<string, string | Buffer>();
  if (vocabulary.length > 0) files.set('labels.csv', formatVocabularyCsv(vocabulary));
  for (const split of SPLITS) {
    const rows = clips.filter((clip) => clip.split === split).map((clip) => rowOf(clip, folder));
    if (rows.length > 0) files.set(`${split}.jsonl`, rows.join(''));
  }
  if (project.settings.teachers.length > 0) files.set('teach.json', jsonText(teachRun(project)));
  files.set('run.json', jsonText(distillRun(project)));
  const { recording } = project;
  if (recording && 'wav' in recording) files.set(RECORDING, recording.wav);
  files.set('README.md', readme(project, commands, check));
  const { leftOut } = project;
  if (leftOut.length > 0)
    files.set(LEFT_OUT, leftOut.map((each) => `${JSON.stringify(each)}\n`).join(''));
  await writeProjectFolder(folder, files);
  return [...files.keys()];
}

function rowOf({ clip, audio, segment, embedded, labels }: DatasetClip, folder: string): string {
  const beside = relative(folder, audio);
  const row = {
    clip,
    audio: !isAbsolute(audio) || beside.startsWith('..') ? audio : beside,
    ...embedded?.at,
    ...(segment ?? {}),
    ...(labels ? { labels } : {}),
  };
  return `${JSON.stringify(row)}\n`;
}

/** Relative to the clone's root where the project lies below it, so that it can be moved along. */
export function pathOf({ folder, root }: Project, name: string): string {
  const beside = relative(root, join(folder, name));
  return beside.startsWith('..') || isAbsolute(beside) ? join(folder, name) : beside;
}

/** Path of the recording to try the student with. */
export function recordingOf(project: Project): string {
  const { recording } = project;
  if (recording === null) return 'RECORDING';
  return 'path' in recording ? recording.path : pathOf(project, RECORDING);
}

/** Paths of the tables of the splits that have clips. */
export function tablesOf(project: Project): [Split, string][] {
  const present = SPLITS.filter((split) => project.clips.some((clip) => clip.split === split));
  return present.map((split) => [split, pathOf(project, `${split}.jsonl`)]);
}

function corpusOf(project: Project): Record<string, string> {
  return {
    ...Object.fromEntries(tablesOf(project)),
    ...(project.channels ? { channels: project.channels } : {}),
    vocabulary:
      project.vocabulary.length > 0 ? pathOf(project, 'labels.csv') : `teacher:${teacherName(0)}`,
  };
}

function augmentOf({ timeMaskFrames, freqMaskBins }: ProjectSettings): object {
  return { timeMask: { maxFrames: timeMaskFrames }, freqMask: { maxBins: freqMaskBins } };
}

function trainingOf(settings: TrainingSettings): object {
  return { ...settings, mixup: 0, earlyStop: 0, checkpointSeconds: 60 };
}

/** Of the model that `fromLabels` of the run names. */
const FROM_LABELS = 'from-labels';

export function teacherName(index: number): string {
  return `teacher-${index + 1}`;
}

/** How many classes there are, for people. */
export function classesOf({ vocabulary }: Project): string {
  return vocabulary.length === 0
    ? `with the classes of ${teacherName(0)}`
    : `in ${counted(vocabulary.length, 'class', 'classes')}`;
}

function teachRun(project: Project): object {
  const { settings } = project;
  return {
    name: `${project.name}-teachers`,
    store: pathOf(project, 'store'),
    corpus: corpusOf(project),
    chunkSeconds: settings.chunkSeconds,
    augment: augmentOf(settings),
    teachers: [
      ...settings.teachers.map((teacher, index) => ({
        name: teacherName(index),
        ...trainingOf(teacher),
        seed: 11 + index,
      })),
      ...(settings.fromLabels ? [{ name: FROM_LABELS, ...trainingOf(settings.fromLabels) }] : []),
    ],
  };
}

function distillRun(project: Project): object {
  const { settings, givenTeachers } = project;
  const trained = settings.teachers.map((_, index) => {
    const name = teacherName(index);
    return { name, checkpoint: pathOf(project, join('teachers', name)), format: 'ced' };
  });
  return {
    name: project.name,
    store: pathOf(project, 'store'),
    corpus: corpusOf(project),
    teachers: givenTeachers.length > 0 ? givenTeachers : trained,
    ...(settings.fromLabels ? { fromLabels: pathOf(project, join('teachers', FROM_LABELS)) } : {}),
    logits: {
      views: settings.views,
      topK: settings.topK,
      chunkSeconds: settings.chunkSeconds,
      augment: augmentOf(settings),
    },
    students: [{ name: 'student', ...trainingOf(settings.student) }],
  };
}

function readme(project: Project, commands: readonly string[], check: string): string {
  const { name, layout, source, clips, vocabulary, settings, notes } = project;
  const classes = vocabulary.length === 0 ? '' : '`labels.csv` names the classes; ';
  const count = (split: string): number => clips.filter((clip) => clip.split === split).length;
  const list = (items: readonly string[]): string => items.map((item) => `- ${item}`).join('\n');
  return [
    `# ${name}`,
    `Made by \`ced init\` from ${source}: ${layout}.`,
    counted(clips.length, 'clip', 'clips') +
      ` ${classesOf(project)}: ` +
      SPLITS.map((split) => `${count(split)} ${split}`).join(', ') +
      `. ${classes}${classes === '' ? 'The' : 'the'} tables are described in docs/formats.md.`,
    '## Commands',
    commands.map((command) => `    ${command}`).join('\n'),
    'Each can be stopped with Ctrl-C, and resumes when it is given again.',
    'To read and decode the tables as a run would, and write nothing:',
    `    ${check}`,
    '## Settings and why',
    list(settings.reasons),
    ...(notes.length === 0 ? [] : ['## Notes', list(notes)]),
    '',
  ].join('\n\n');
}
