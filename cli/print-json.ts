interface Versioned {
  readonly formatVersion: 1;
}

/** Indented JSON, of files that people read and as output of `--json`. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** On standard output; `docs/json/` has the schema of each command. */
export function printJson<Output extends Versioned>(value: Output | readonly Output[]): void {
  process.stdout.write(jsonText(value));
}
