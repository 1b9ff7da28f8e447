/**
 * What the programs print. Class names, clip ids and messages come from other people's files and
 * may hold sequences that a terminal obeys: to clear lines, change its title or insert
 * keystrokes. `guardTerminal` prints them as text for every writer; a program's own sequences go
 * through `control`.
 */

/**
 * Control characters but tab and the ends of lines (LF, and CR LF as in CSV), and those that
 * reorder the text around them.
 */
const OBEYED = /(?![\t\n]|\r\n)[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** The text with such characters as `\u001b`, which JSON reads as what they were. */
export function printable(text: string): string {
  return text.replace(
    OBEYED,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export interface TextStream {
  write(text: string): unknown;
}

/** How a guarded stream was written to before. */
const unguarded = new WeakMap<TextStream, (text: string) => unknown>();

/** From now on text on standard output and standard error is printed as text. Bytes are left. */
export function guardTerminal(
  streams: readonly NodeJS.WriteStream[] = [process.stdout, process.stderr],
): void {
  for (const stream of streams) {
    if (unguarded.has(stream)) continue;
    const write = stream.write.bind(stream) as (...given: unknown[]) => boolean;
    unguarded.set(stream, write);
    stream.write = (text: unknown, ...rest: unknown[]): boolean =>
      write(typeof text === 'string' ? printable(text) : text, ...rest);
  }
}

/** Writes a sequence for the terminal, such as the one that clears the line. */
export function control(stream: TextStream, sequence: string): void {
  const write = unguarded.get(stream);
  if (write) write(sequence);
  else stream.write(sequence);
}

/** Clears the line that the cursor is in. */
export const CLEAR_LINE = '\r\x1b[K';
