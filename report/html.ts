/**
 * HTML that is safe by construction: an `html` template escapes its values unless they are HTML
 * already, so a clip called `<script>` stays a name.
 * https://cheatsheetseries.owasp.org/cheatsheets/Cross_Site_Scripting_Prevention_Cheat_Sheet.html
 */
export class Html {
  constructor(readonly text: string) {}
}

type HtmlValue = Html | string | number | null | undefined | readonly HtmlValue[];

/** Values may stand in text and in quoted attributes only. `null` and `undefined` print nothing. */
export function html(parts: TemplateStringsArray, ...values: HtmlValue[]): Html {
  let isInTag = false;
  const texts = parts.map((part, index) => {
    const [opened, closed] = [part.lastIndexOf('<'), part.lastIndexOf('>')];
    if (opened !== closed) isInTag = opened > closed;
    return part + textOf(values[index], isInTag || part.endsWith('="'));
  });
  return new Html(texts.join(''));
}

/** For text and quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** JSON for a data block `<script type="application/json">`, which no content can close. */
export function scriptJson(value: unknown): Html {
  return new Html(
    JSON.stringify(value).replace(
      /[<>&\u2028\u2029]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
  );
}

function textOf(value: HtmlValue, isInTag: boolean): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map((each) => textOf(each, isInTag)).join('');
  const text = String(value);
  if (!UNUSUAL.test(text)) return escapeHtml(text);
  const shown = escapeHtml(text.replace(OBEYED, asCode));
  return isInTag ? shown : shown.replace(RIGHT_TO_LEFT, '<bdi>$&</bdi>');
}

/** Most texts of a page are plain ASCII, and need no more than the escape. */
const UNUSUAL = /[^ -~\t\n\r]/;

/** Control characters but blanks and ends of lines, and those that reorder the text around them. */
const OBEYED = /(?![\t\n\r])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** `\u202e`, as the commands print it. */
function asCode(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * Words of Hebrew, Arabic and other scripts from right to left. They would draw the number or comma
 * behind them to their other side; `bdi` keeps them to themselves.
 */
const WORD =
  '[\\u0590-\\u08ff\\ufb1d-\\ufdff\\ufe70-\\ufefc\\u{10800}-\\u{10fff}\\u{1e800}-\\u{1efff}]+';
const RIGHT_TO_LEFT = new RegExp(`${WORD}(?:[ \\u200c\\u200d-]+${WORD})*`, 'gu');
