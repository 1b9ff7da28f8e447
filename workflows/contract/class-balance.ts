/** Whether some classes have so few of the labels that a model hardly learns them. Pure. */
import type { Hint } from './hints';

/** The most frequent class has so many times the clips of a rare one. */
const UNEVEN = 20;
const CLASSES_NAMED = 3;

/**
 * @param counts labelled clips of each class; those without any say nothing of the balance
 * @returns nothing where no class is rare
 */
export function unevenClassesHints(
  split: string,
  counts: readonly { name: string; clips: number }[],
): Hint[] {
  const classes = counts.filter(({ clips }) => clips > 0).sort((a, b) => a.clips - b.clips);
  const [rarest, most] = [classes[0], classes.at(-1)];
  if (!rarest || !most || most.clips < UNEVEN * rarest.clips) return [];
  const rare = classes.filter(({ clips }) => most.clips >= UNEVEN * clips);
  const named = rare
    .slice(0, CLASSES_NAMED)
    .map(({ name, clips }) => `${name} ${clips}`)
    .join(', ');
  return [
    {
      kind: 'uneven classes',
      about: split,
      value: most.clips / rarest.clips,
      text:
        `${rare.length} of ${classes.length} classes have at most a twentieth of the clips of ` +
        `${most.name} (${most.clips}) in ${split}: ${named}` +
        `${rare.length > CLASSES_NAMED ? ', …' : ''}; a model learns them least, and mAP counts ` +
        'them like the others; add clips of them',
    },
  ];
}
