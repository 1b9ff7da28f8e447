/** Classes with one clip: nothing can be learnt from it, or its score is a matter of luck. */
import { counted } from '../counted';
import { csvField } from '../csv-field';

const MOST_NAMES = 8;

/** @returns a sentence, or null where every class that occurs has several clips */
export function singleClipNote(classes: readonly { name: string; clips: number }[]): string | null {
  const single = classes.filter(({ clips }) => clips === 1).map(({ name }) => name);
  if (single.length === 0) return null;
  const more = single.length > MOST_NAMES ? `, and ${single.length - MOST_NAMES} more` : '';
  const what = counted(single.length, 'class has', 'classes have');
  return `${what} a single clip: ${single.slice(0, MOST_NAMES).map(csvField).join(', ')}${more}`;
}
