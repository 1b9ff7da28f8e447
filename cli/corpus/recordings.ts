/** Which clips belong to one recording, and so into one split. */
import { counted } from '../../ced/counted';
import type { DatasetClip } from './datasets/dataset';

/** A class of fewer recordings cannot be in train, validation and eval. */
const FEWEST = 3;

/**
 * A recording's name for each clip. A number at the end of a name (`hit 7`) numbers the pieces of a
 * recording where a class has several recordings by that rule; where it has fewer than three,
 * no split could hold the class, and the number is taken for the recording's own.
 * @param content the same text for clips of the same audio, which are one recording
 */
export function recordingsOf(
  clips: readonly DatasetClip[],
  content: ReadonlyMap<string, string>,
  notes: string[],
): string[] {
  const groupsOf = new Map<string, Set<string>>();
  for (const { labels, group } of clips)
    for (const label of labels ?? ['']) {
      const groups = groupsOf.get(label) ?? new Set();
      groupsOf.set(label, groups.add(group));
    }
  const isFew = (label: string): boolean => groupsOf.get(label)!.size < FEWEST;
  const numbered = clips.filter(
    ({ labels, ownGroup }) => ownGroup !== undefined && (labels ?? ['']).some(isFew),
  );
  const isOwn = new Set(numbered);
  const [first] = numbered;
  if (first)
    notes.push(
      counted(numbered.length, 'clip differs', 'clips differ') +
        ' from others only in a number at the end of the name, for ' +
        `example ${first.clip}: each is taken for a recording of its own; where they are pieces ` +
        'of one recording, put the pieces of each recording into a folder in the folder of the ' +
        'class, else scores are too good',
    );
  return joined(
    clips,
    clips.map((clip) => (isOwn.has(clip) ? clip.ownGroup! : clip.group)),
    content,
  );
}

/** Groups that share an audio are one. */
function joined(
  clips: readonly DatasetClip[],
  groups: readonly string[],
  content: ReadonlyMap<string, string>,
): string[] {
  const parents = new Map<string, string>();
  const root = (group: string): string => {
    let at = group;
    for (let up = parents.get(at); up !== undefined; up = parents.get(at)) at = up;
    return at;
  };
  const holders = new Map<string, string>();
  clips.forEach((clip, index) => {
    const audio = content.get(clip.clip);
    if (audio === undefined) return;
    const [one, other] = [root(groups[index]!), root(holders.get(audio) ?? groups[index]!)];
    if (one !== other) parents.set(one, other);
    holders.set(audio, other);
  });
  return groups.map(root);
}
