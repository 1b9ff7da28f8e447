/** Classes with so few labelled evaluation clips that their scores are chance. */
import type { Hint } from '../workflows/contract/hints';
import type { RunEvaluation } from './run-evaluation';

/** Average precision over fewer says little. */
const FEW_CLIPS = 10;
const CLASSES_NAMED = 3;

export function classHints(evaluation: Pick<RunEvaluation, 'classes'> | null): Hint[] {
  const classes = (evaluation?.classes ?? []).filter(({ positives }) => positives > 0);
  const few = classes
    .filter(({ positives }) => positives < FEW_CLIPS)
    .sort((a, b) => a.positives - b.positives);
  if (few.length === 0) return [];
  const named = few
    .slice(0, CLASSES_NAMED)
    .map(({ name, positives }) => `${name} ${positives}`)
    .join(', ');
  const most = Math.max(...classes.map(({ positives }) => positives));
  return [
    {
      kind: 'few clips of a class',
      about: 'eval',
      value: few.length,
      text:
        `${few.length} of ${classes.length} classes have fewer than ${FEW_CLIPS} clips in eval ` +
        `(${named}${few.length > CLASSES_NAMED ? ', …' : ''}; the most frequent ${most}): their ` +
        'average precision is mostly chance, and mAP counts them like the others; add clips of ' +
        'them',
    },
  ];
}
