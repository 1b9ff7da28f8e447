/** Lines of at most this many columns, as everywhere in the project. */
export const COLUMNS = 100;

/** Breaks a paragraph between words. @param indent of every line but the first */
export function wrapText(paragraph: string, indent = 0): string {
  const lines: string[] = [];
  let line = '';
  for (const word of paragraph.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`);
}
