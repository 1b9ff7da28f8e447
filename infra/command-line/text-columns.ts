/**
 * How wide a terminal shows a text. Chinese, Japanese and Korean characters and emoji take two
 * columns, marks that combine with the character before them none. Characters that Unicode calls
 * ambiguous count as one, as terminals show them by default.
 */

const COMBINING = /[\p{Mn}\p{Me}\p{Cf}]/u;
const WIDE =
  /[\p{Emoji_Presentation}\p{sc=Han}\p{sc=Hangul}\p{sc=Hiragana}\p{sc=Katakana}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;

export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += columnsOfCharacter(character);
  return columns;
}

/** The text, or its beginning and `…`, in at most this many columns. */
export function cutToColumns(text: string, most: number): string {
  if (columnsOf(text) <= most) return text;
  let cut = '';
  let columns = 1;
  for (const character of text) {
    columns += columnsOfCharacter(character);
    if (columns > most) break;
    cut += character;
  }
  return most < 1 ? '' : `${cut}…`;
}

function columnsOfCharacter(character: string): number {
  if (COMBINING.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
