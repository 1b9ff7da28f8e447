/**
 * Layouts as their authors publish them: names, tables and formats of the originals, with fewer and
 * shorter clips.
 */
import { basename } from 'node:path';
import type { Replica, ReplicaWriter } from './replica';

/** Class names and MIDs of AudioSet, by the number of their sound. */
const CLASSES = [
  { name: 'Bark', mid: '/m/05tny_' },
  { name: 'Rain', mid: '/m/06mb1' },
  { name: 'Music', mid: '/m/04rlf' },
  { name: 'Speech, human', mid: '/m/09x0r' },
];
const NUMBERS = CLASSES.map((_, number) => number);

/** ESC-50: five folds, `fold-source-take-class.wav`, 44.1 kHz, mono. */
export async function esc50(to: ReplicaWriter): Promise<Replica> {
  const names = ['dog', 'rain', 'clapping', 'engine'];
  const rows = ['filename,fold,target,category,esc10,src_file,take'];
  for (let fold = 1; fold <= 5; fold++)
    for (const target of NUMBERS)
      for (const source of [1, 2]) {
        const id = 1000 * fold + 10 * target + source;
        const stem = `audio/${fold}-${id}-A-${target}`;
        const file = basename(await to.clip(stem, [target], { rate: 44_100 }));
        rows.push(`${file},${fold},${target},${names[target]},False,${id},A`);
      }
  to.lines('meta/esc50.csv', rows);
  return to.finished('ESC-50');
}

/** UrbanSound8K: ten folders of folds, stereo, up to four seconds. */
export async function urbanSound8K(to: ReplicaWriter): Promise<Replica> {
  const names = ['dog_bark', 'jackhammer', 'siren', 'street_music'];
  const rows = ['slice_file_name,fsID,start,end,salience,fold,classID,class'];
  for (let fold = 1; fold <= 10; fold++)
    for (const [slice, number] of [...NUMBERS, ...NUMBERS].entries()) {
      const id = 10_000 * fold + slice;
      const format = { rate: fold % 2 === 0 ? 48_000 : 44_100, channels: 2 };
      const seconds = 0.6 + 0.3 * (fold % 4);
      const stem = `audio/fold${fold}/${id}-${number}-0-0`;
      const file = basename(await to.clip(stem, [number], { ...format, seconds }));
      // Seconds of the recording that the file was cut from.
      const [start, end] = [10.5 * slice, 10.5 * slice + seconds].map((at) => at.toFixed(6));
      rows.push(`${file},${id},${start},${end},1,${fold},${number},${names[number]}`);
    }
  to.lines('metadata/UrbanSound8K.csv', rows);
  return to.finished('UrbanSound8K');
}

/** FSD50K: development and evaluation sets, labels and MIDs joined by commas, 0.3 s and more. */
export async function fsd50k(to: ReplicaWriter): Promise<Replica> {
  const names = ['Bark', 'Rain', 'Music', 'Chatter_and_babble'];
  const row = (file: string, numbers: readonly number[]): string =>
    `${file},"${numbers.map((number) => names[number]).join(',')}",` +
    `"${numbers.map((number) => CLASSES[number]!.mid).join(',')}"`;
  const dev = ['fname,labels,mids,split'];
  const evaluation = ['fname,labels,mids'];
  for (let clip = 0; clip < 56; clip++) {
    const numbers = clip % 3 === 0 ? [clip % 4, (clip + 1) % 4] : [clip % 4];
    const set = clip < 40 ? 'dev' : 'eval';
    const options = { rate: 44_100, seconds: 0.3 + 0.2 * (clip % 8) };
    await to.clip(`FSD50K.${set}_audio/${64_000 + clip}`, numbers, options);
    const written = row(String(64_000 + clip), numbers);
    if (set === 'dev') dev.push(`${written},${clip % 5 === 4 ? 'val' : 'train'}`);
    else evaluation.push(written);
  }
  to.lines('FSD50K.ground_truth/dev.csv', dev);
  to.lines('FSD50K.ground_truth/eval.csv', evaluation);
  to.lines(
    'FSD50K.ground_truth/vocabulary.csv',
    names.map((name, number) => `${number},${name},${CLASSES[number]!.mid}`),
  );
  return to.finished('FSD50K');
}

/** AudioSet: segments by video with MIDs, clips as downloaders name them, the class hierarchy. */
export async function audioSet(to: ReplicaWriter): Promise<Replica> {
  for (const [table, clips] of [
    ['balanced_train_segments', 40],
    ['eval_segments', 16],
  ] as const) {
    const rows = [
      '# Segments csv created Sun Mar  5 10:54:31 2017',
      `# num_ytids=${clips}, num_segs=${clips}, num_unique_labels=4, num_positive_labels=${clips}`,
      '# YTID, start_seconds, end_seconds, positive_labels',
    ];
    for (let clip = 0; clip < clips; clip++) {
      const numbers = clip % 4 === 0 ? [0, 1 + (clip % 3)] : [clip % 4];
      const first = clip % 5 === 0 ? '-' : 'k';
      const id = `${first}${table.slice(0, 4)}_${String(clip).padStart(5, '0')}`;
      await to.clip(`audio/${table}/Y${id}`, numbers, { format: 'flac', rate: 32_000 });
      const mids = numbers.map((number) => CLASSES[number]!.mid).join(',');
      rows.push(`${id}, ${30 + clip}.000, ${40 + clip}.000, "${mids}"`);
    }
    to.lines(`${table}.csv`, rows);
  }
  const ontology = CLASSES.map(({ mid: id, name }) => ({ id, name, child_ids: [] }));
  to.text('ontology.json', JSON.stringify(ontology));
  return to.finished("AudioSet's segments");
}

/** CED: `filename<TAB>labels` with class numbers, and AudioSet's list of classes. */
export async function cedTsv(to: ReplicaWriter): Promise<Replica> {
  for (const [split, clips] of [
    ['train', 40],
    ['eval', 16],
  ] as const) {
    const rows = ['filename\tlabels'];
    for (let clip = 0; clip < clips; clip++) {
      const numbers = clip % 4 === 0 ? [0, 1 + (clip % 3)] : [clip % 4];
      const stem = `${split}/V${split}${clip}_30.000_40.000`;
      rows.push(`${await to.clip(stem, numbers)}\t${numbers.join(';')}`);
    }
    to.lines(`${split}.tsv`, rows);
  }
  to.lines('class_labels_indices.csv', classList());
  return to.finished("CED's TSV");
}

/** AST and PaSST: a JSON recipe for each split, labels as MIDs, absolute paths. */
export async function recipe(to: ReplicaWriter): Promise<Replica> {
  for (const [split, clips] of [
    ['train', 40],
    ['eval', 16],
  ] as const) {
    const data: object[] = [];
    for (let clip = 0; clip < clips; clip++) {
      const numbers = clip % 4 === 0 ? [0, 1 + (clip % 3)] : [clip % 4];
      const file = await to.clip(`audio_16k/${split}-${clip}x`, numbers);
      const labels = numbers.map((number) => CLASSES[number]!.mid).join(',');
      data.push({ wav: `${to.folder}/${file}`, labels });
    }
    to.text(`datafiles/${split}_data.json`, JSON.stringify({ data }, null, 1));
  }
  to.lines('class_labels_indices.csv', classList());
  return to.finished('a recipe of AST or PaSST');
}

/** Speech Commands: a folder for each word, and lists of the held-out files by speaker. */
export async function speechCommands(to: ReplicaWriter): Promise<Replica> {
  const lists: Record<string, string[]> = { validation: [], testing: [] };
  for (let speaker = 0; speaker < 12; speaker++)
    for (const [number, word] of ['yes', 'no', 'up', 'down'].entries()) {
      const id = (0x0a7c2a8d + 77_777 * speaker).toString(16).padStart(8, '0');
      const file = await to.clip(`${word}/${id}_nohash_0`, [number]);
      if (speaker >= 8) lists[speaker < 10 ? 'validation' : 'testing']!.push(file);
    }
  for (const [name, files] of Object.entries(lists)) to.lines(`${name}_list.txt`, files);
  to.text('README.md', '# Speech Commands Data Set\n');
  // Noise is no clip.
  await to.audio.write('_background_noise_/running_tap', { classes: [4], take: 0, seconds: 3 });
  return to.finished('Speech Commands');
}

function classList(): string[] {
  const rows = CLASSES.map(({ mid, name }, number) => `${number},${mid},"${name}"`);
  return ['index,mid,display_name', ...rows];
}
