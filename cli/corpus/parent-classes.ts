/** Labels of parent classes, by the ontology that lies beside a dataset's tables. */
import { csvField } from '../../ced/csv-field';
import { UsageError } from '../../infra/command-line/usage-error';
import { grouped } from '../quantities';
import type { Dataset, DatasetClip } from './datasets/dataset';

export const PARENT_CHOICES = ['add', 'keep'] as const;

/**
 * A clip of `Bark` is one of `Dog` too, which AudioSet's published labels do not always say. The
 * dataset's notes tell what was added, or that something could be.
 * @param asked `keep` = labels as they are published; absent = add what an ontology states
 * @throws {UsageError} where parents are asked for and no ontology is there
 */
export function withParents(
  dataset: Dataset,
  asked: (typeof PARENT_CHOICES)[number] | undefined,
): Dataset {
  const { clips, hierarchy } = dataset;
  if (!hierarchy) {
    if (asked !== 'add') return dataset;
    throw new UsageError(
      "ced init: --parents add needs AudioSet's ontology.json beside the tables " +
        '(https://github.com/audioset/ontology), and labels that it names',
    );
  }
  const extended = clips.map((clip): DatasetClip => {
    const labels = clip.labels ?? [];
    const all = [...new Set([...labels, ...labels.flatMap((label) => hierarchy(label))])];
    return all.length > labels.length ? { ...clip, labels: all } : clip;
  });
  const changed = extended.filter((clip, index) => clip !== clips[index]);
  const example = exampleOf(changed[0], hierarchy);
  if (example === null) {
    const note = 'ontology.json: every parent class of the labels is labelled already';
    return { ...dataset, notes: [note, ...dataset.notes] };
  }
  const count = `${grouped(changed.length)} of ${grouped(clips.length)} clips`;
  const notes = [
    asked === 'keep'
      ? `labels are kept as published (--parents keep); ontology.json names parent classes of ` +
        `${count}, for example ${example}`
      : `ontology.json: parent classes were added to the labels of ${count}, for example ` +
        `${example}; published scores are of the published labels, which --parents keep leaves ` +
        'as they are',
    ...dataset.notes,
  ];
  return { ...dataset, clips: asked === 'keep' ? clips : extended, notes };
}

/** `Bark: Dog, Animal` */
function exampleOf(
  clip: DatasetClip | undefined,
  hierarchy: NonNullable<Dataset['hierarchy']>,
): string | null {
  const label = clip?.labels?.find((each) => hierarchy(each).length > 0);
  return label === undefined ? null : `${label}: ${hierarchy(label).map(csvField).join(', ')}`;
}
