/** `ced init FOLDER|FILE|ADDRESS`: from a dataset to a project that can be run. */
import { availableParallelism, homedir } from 'node:os';
import { basename, join, parse, resolve } from 'node:path';
import type { ChannelChoice } from '../../ced/audio/channels';
import type { ModelConfig } from '../../ced/model/config';
import type { Vocabulary } from '../../ced/teachers/vocabulary';
import type { Command } from '../command';
import { commandLine } from '../../infra/command-line/command-line';
import { amount, atLeast, oneOf, text, type Kind } from '../../infra/command-line/option';
import { UsageError } from '../../infra/command-line/usage-error';
import { projectRoot } from '../../infra/package-root';
import { tensorflowVariant } from '../../infra/tensorflow-variant';
import { channelsOption } from '../channels-option';
import { printJson } from '../print-json';
import { grouped } from '../quantities';
import { isUri } from '../../ced/corpus/address';
import { sourceOptions, sourcesOf } from '../../workers/source-options';
import { name as nameOfRun } from '../../workflows/contract/run-file-sections';
import { channelReason, surveyChannels } from './channel-survey';
import type { InitOutput } from './corpus-output';
import { lostClasses, withClassNames } from './class-labels';
import { withClipIds } from './clip-ids';
import { findDataset } from './datasets/find-dataset';
import type { Dataset } from './datasets/dataset';
import { configOfGiven, entryOfGiven, givenTeacher, type GivenTeacher } from './given-teacher';
import { heldOutRecording, type HeldOutRecording } from './held-out-recording';
import { assignSplits, type SplitDataset } from './assign-splits';
import { PARENT_CHOICES, withParents } from './parent-classes';
import { classesOf, teacherName, writeProject, type Project } from './project-files';
import { refuseUnfitFolder } from './project-folder';
import { checkCommandOf, commandsOf } from './project-commands';
import { projectSettings } from './project-settings';
import { readContents, type Contents } from './read-contents';

/** Not so long that the run of its teachers could not be named after it. */
const runName: Kind<string> = {
  expected: '1 to 40 of a-z, 0-9 and -, not at either end a -',
  parse: (given) => (given.length <= 40 && nameOfRun.safeParse(given).success ? given : undefined),
};

const line = commandLine({
  program: 'ced init',
  usage: 'FOLDER|FILE|ADDRESS [options]',
  about: [
    'Looks at a dataset and writes a project: tables with splits, labels.csv, teach.json, ' +
      'run.json, and a README with the commands to run and the reason of every setting. No ' +
      'audio is copied.',
    'It recognizes one folder per class, with or without folders of splits above; ESC-50, ' +
      "UrbanSound8K, FSD50K, Speech Commands, AudioSet's segments, CED's TSV, recipes of AST and " +
      "PaSST; Hugging Face's AudioFolder; any CSV, TSV or JSONL beside audio; a .json or .cls " +
      'beside each audio file; Parquet files with audio and WebDataset shards, in a folder or on ' +
      'the Hugging Face hub; ' +
      'and archives of these (.zip, .tar, .tar.gz). Archives are unpacked once into the cache.',
    'It decodes up to 2,000 clips, of larger datasets a sample, to find repeated audio and clips ' +
      'that no run can use.',
  ],
  operands: {
    rows: {
      'FOLDER|FILE|ADDRESS':
        'the dataset; ADDRESS is hf://datasets/ORGANISATION/NAME, a folder in it, or its ' +
        '.parquet or .tar files, also as a pattern',
    },
    expected: 'one folder, file or address',
    least: 1,
    most: 1,
  },
  options: {
    out: {
      value: 'DIR',
      is: text,
      shown: './NAME, or ./NAME-project beside a dataset of that name',
      help: 'where the project goes',
    },
    name: { value: 'NAME', is: runName, shown: "the dataset's", help: 'name of the run' },
    minutes: {
      value: 'N',
      is: amount,
      shown: 'as long as the clips and classes need',
      help:
        'time for all trainings on this machine, teachers included, of at least four epochs ' +
        'each; programs that start, read and score take a minute or two more',
    },
    teacher: {
      value: 'DIR|worker:QUEUE',
      is: givenTeacher,
      multiple: true,
      help:
        'a CED checkpoint, or the task queue of a worker in any language, to distill from ' +
        'instead of teachers trained from the labels; required if the dataset has no labels',
    },
    seed: {
      value: 'N',
      is: atLeast(0),
      default: 1,
      help: 'seed that draws the splits which the dataset lacks',
    },
    parents: {
      value: 'CHOICE',
      is: oneOf(...PARENT_CHOICES),
      shown: 'add where an ontology.json lies beside the tables',
      help: "add labels of parent classes by AudioSet's ontology, or keep the published labels",
    },
    channels: { ...channelsOption, shown: 'loudest where channels cancel, else mix' },
    ...sourceOptions,
    json: { help: 'print one JSON object' },
  },
  examples: [
    'ced init recordings/',
    'ced init hf://datasets/ORGANISATION/NAME',
    "ced init 'hf://datasets/ORGANISATION/NAME/train-*.tar'",
    'ced init ESC-50-master.zip --minutes 60 --out esc50',
    'ced init recordings/ --teacher worker:teacher-beats',
  ],
});

export const command: Command = {
  spec: line.spec,
  help: line.help,
  run: async (argv) => await line.run(argv, initProject),
};

type Options = NonNullable<ReturnType<typeof line.parse>>;

async function initProject({ values, operands }: Options): Promise<number> {
  const [source = ''] = operands;
  const { minutes = null, seed, teacher: teachers } = values;
  const name = values.name ?? nameOf(source);
  const folder = resolve(values.out ?? outFor(name, source));
  refuseUnfitFolder(folder);
  const cache = process.env['CED_CACHE'] ?? join(homedir(), '.cache', 'ced-distillation');
  const sources = sourcesOf(values, process.env);
  const found = await findDataset(isUri(source) ? source : resolve(source), cache, sources);
  const dataset = withParents(withClassNames(withClipIds(found)), values.parents);
  const contents = await readContents(dataset, sources, values.channels);
  const reason = channelReason(contents, await surveyChannels(dataset.clips, sources), {
    isAsked: values.channels !== undefined,
  });
  const channels = reason === null ? null : contents.channels;
  const usable = dataset.clips.filter(({ clip }) => !contents.rejected.has(clip));
  const split = assignSplits(usable, contents.audio, seed);
  const recording = await heldOutRecording(split, sources, contents.channels);
  const of = { name, folder, source, dataset, contents, split, teachers, minutes };
  const project = await planProject({ ...of, recording, channels, channelReason: reason });
  const check = checkCommandOf(project);
  const files = await writeProject(project, commandsOf(project, null), check);
  tell(project, files, check, values.json);
  return 0;
}

async function planProject(given: {
  name: string;
  folder: string;
  source: string;
  dataset: Dataset;
  contents: Contents;
  split: SplitDataset;
  teachers: readonly GivenTeacher[];
  minutes: number | null;
  recording: HeldOutRecording | null;
  channels: ChannelChoice | null;
  channelReason: string | null;
}): Promise<Project> {
  const { dataset, contents, split, teachers, source } = given;
  const configs = await Promise.all(teachers.map(configOfGiven));
  const vocabulary = vocabularyOf(dataset, split, configs, source);
  const train = split.clips.filter((clip) => clip.split === 'train');
  const settings = projectSettings({
    trainClips: train.length,
    validationClips: split.clips.filter((clip) => clip.split === 'validation').length,
    classes: vocabulary.length > 0 ? vocabulary.length : null,
    seconds: train.flatMap(({ clip }) => contents.seconds.get(clip) ?? []),
    allSeconds: [...contents.seconds.values()],
    teachers: configs,
    minutes: given.minutes,
    cores: availableParallelism(),
    hasGpu: tensorflowVariant() === 'gpu',
  });
  return {
    ...given,
    root: projectRoot,
    layout: dataset.layout,
    clips: split.clips,
    vocabulary,
    settings: { ...settings, reasons: [given.channelReason ?? [], settings.reasons].flat() },
    givenTeachers: teachers.map((teacher, index) => entryOfGiven(teacherName(index), teacher)),
    leftOut: [...contents.rejected].map(([clip, reason]) => ({ clip, reason })),
    notes: [
      ...split.notes,
      ...lostClasses(dataset.clips, split.clips),
      ...dataset.notes,
      ...contents.notes,
      ...workerNotes(teachers),
    ],
  };
}

function workerNotes(teachers: readonly GivenTeacher[]): string[] {
  return teachers.flatMap((teacher, index) =>
    'taskQueue' in teacher
      ? `${teacherName(index)}: start its worker with --task-queue ${teacher.taskQueue} ` +
        'once `npm start` waits for it (docs/teachers.md)'
      : [],
  );
}

/** Classes of the labels, else of the first teacher; none where only its worker knows them. */
function vocabularyOf(
  dataset: Dataset,
  { clips }: SplitDataset,
  [teacher]: readonly (ModelConfig | null)[],
  source: string,
): Vocabulary {
  const names = [...new Set(clips.flatMap(({ labels }) => labels ?? []))].sort();
  if (names.length > 0) return names.map((name) => ({ mid: dataset.mids?.get(name) ?? '', name }));
  if (teacher === undefined)
    throw new UsageError(
      `ced init: ${source} has no labels (${dataset.layout}), so no teacher can be trained from ` +
        [
          'it; give one with --teacher DIR or worker:QUEUE, put the files into a folder a class, ' +
            'or a CSV with filename,label beside them',
        ]
          .concat(dataset.notes)
          .join('; '),
    );
  if (teacher === null) return [];
  const labels = Object.values(teacher.id2label ?? {});
  if (labels.length === 0)
    throw new UsageError('--teacher: its config.json names no classes (id2label)');
  return labels.map((name) => ({ mid: '', name }));
}

/** Not the dataset's own folder. */
function outFor(name: string, source: string): string {
  return resolve(name) === resolve(source) ? `${name}-project` : name;
}

/** Of letters that a run's name may hold. */
function nameOf(source: string): string {
  const stem = parse(basename(resolve(source)).replace(/\.tar\.gz$/i, '.tgz')).name;
  const name = stem
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40);
  return name.replace(/^-|-$/g, '') || 'project';
}

function tell(project: Project, files: readonly string[], check: string, asJson: boolean): void {
  const { layout, clips, vocabulary, settings, notes, folder } = project;
  const count = (split: string): number => clips.filter((clip) => clip.split === split).length;
  const splits = { train: count('train'), validation: count('validation'), eval: count('eval') };
  const commands = commandsOf(project, process.cwd());
  if (asJson) {
    const found = { layout, clips: clips.length, classes: vocabulary.length, splits };
    const { reasons } = settings;
    const written = { folder, files: [...files], reasons, notes, commands, check };
    return printJson({ formatVersion: 1, found, ...written } satisfies InitOutput);
  }
  const lines = [
    `Found     ${layout}`,
    `Clips     ${grouped(clips.length)} ${classesOf(project)}: ` +
      Object.entries(splits)
        .map(([split, clipsOf]) => `${grouped(clipsOf)} ${split}`)
        .join(', '),
    ...notes.map((note) => `Note      ${note}`),
    ...settings.reasons.map((reason) => `Setting   ${reason}`),
    `Written   ${folder}: ${files.join(', ')}`,
    '',
    whatFollows(project),
    ...commands.map((each) => `    ${each}`),
    'To check the tables alone:',
    `    ${check}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function whatFollows({ settings, recording }: Project): string {
  const teach = settings.teachers.length === 0 ? [] : ['train the teachers'];
  const tag =
    recording === null ? 'tag a RECORDING of your own' : 'tag a recording that no model has met';
  return `Next, one after the other: ${[...teach, 'train the student', tag].join(', ')}.`;
}
