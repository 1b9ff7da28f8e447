/**
 * Texts for failures, cut to a length. A failure whose text exceeds what Temporal takes in one
 * message cannot be reported at all: the attempt times out and is repeated for ever, whatever its
 * type.
 */

/** Characters of a failure's message: far below the server's 2 MB, far above any text of ours. */
export const LONGEST_MESSAGE = 4000;

/** Cuts the middle of a long text: its end holds the remedy. Says how many characters are cut. */
export function shortText(text: string, most: number = LONGEST_MESSAGE): string {
  if (text.length <= most) return text;
  const end = Math.floor(most / 4);
  const start = most - end;
  const left = text.length - start - end;
  return `${text.slice(0, start)} … (${left} characters left out) … ${text.slice(-end)}`;
}
