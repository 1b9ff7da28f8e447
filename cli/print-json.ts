/** Indented JSON, of files that people read and as output of `--json`. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** On standard output. */
export function printJson(value: unknown): void {
  process.stdout.write(jsonText(value));
}
