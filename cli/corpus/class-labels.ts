/** Class names as a project's class list can hold them. */
import { counted } from '../../ced/counted';
import { csvField } from '../../ced/csv-field';
import { LONGEST_NAME } from '../../ced/teachers/vocabulary';
import type { Dataset, DatasetClip } from './datasets/dataset';
import { listed } from './listed';

/** How programs write a value that is missing. */
const MISSING = /^(nan|none|null|n\/a|undefined)$/i;

/**
 * Names that differ only in spaces at their ends or in the form of Unicode are one class. Clips
 * with a name longer than a class list takes are left out. Both are told.
 */
export function withClassNames(dataset: Dataset): Dataset {
  const spellings = new Map<string, Set<string>>();
  const tooLong: string[] = [];
  const clips = dataset.clips.flatMap((clip): DatasetClip[] => {
    const labels = clip.labels?.map((label) => plain(label, spellings)).filter(Boolean);
    if (labels?.some((label) => label.length > LONGEST_NAME)) {
      tooLong.push(clip.clip);
      return [];
    }
    return [labels ? { ...clip, labels: [...new Set(labels)] } : clip];
  });
  const names = [...spellings];
  const joined = names.filter(([, forms]) => forms.size > 1).map(([name]) => name);
  const cases = new Map<string, string[]>();
  for (const [name] of names)
    cases.set(name.toLowerCase(), [...(cases.get(name.toLowerCase()) ?? []), name]);
  const missing = names.map(([name]) => name).filter((name) => MISSING.test(name));
  const alike = [...cases.values()].filter((each) => each.length > 1);
  const notes = [
    ...(joined.length === 0
      ? []
      : [
          `${counted(joined.length, 'class name is', 'class names are')} written in several ways ` +
            `that look the same, and ${joined.length === 1 ? 'is' : 'are each'} one class: ` +
            listed(joined.map(csvField)),
        ]),
    ...(alike.length === 0
      ? []
      : [
          'classes differ only in upper and lower case: ' +
            listed(alike.map((each) => each.map(csvField).join(' and '))),
        ]),
    ...(missing.length === 0
      ? []
      : [
          `${counted(missing.length, 'class is', 'classes are')} called as programs write a ` +
            `value that is missing: ${listed(missing)}; where it is none, leave the cell empty`,
        ]),
    ...(tooLong.length === 0
      ? []
      : [
          counted(tooLong.length, 'clip is', 'clips are') +
            ` left out, whose label is longer than ${LONGEST_NAME} ` +
            `characters: ${listed(tooLong)}`,
        ]),
  ];
  return { ...dataset, clips, notes: [...notes, ...dataset.notes] };
}

/** Classes that no clip has any more. */
export function lostClasses(found: readonly DatasetClip[], kept: readonly DatasetClip[]): string[] {
  const left = new Set(kept.flatMap(({ labels }) => labels ?? []));
  const lost = [...new Set(found.flatMap(({ labels }) => labels ?? []))]
    .filter((name) => !left.has(name))
    .sort();
  if (lost.length === 0) return [];
  return [
    `${counted(lost.length, 'class is', 'classes are')} lost with the clips that are left out: ` +
      listed(lost.map(csvField)),
  ];
}

/** The name that spellings which look the same share. */
export function className(label: string): string {
  return label.normalize('NFC').trim();
}

function plain(label: string, spellings: Map<string, Set<string>>): string {
  const name = className(label);
  spellings.set(name, (spellings.get(name) ?? new Set<string>()).add(label));
  return name;
}
