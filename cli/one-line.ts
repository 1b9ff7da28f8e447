/** A text in one line, without the blanks around its lines. */
export function oneLine(message: string): string {
  return message
    .split(/[\r\n]/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ');
}
