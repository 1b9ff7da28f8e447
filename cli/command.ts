/** A subcommand of `ced`: one file in `commands/`, named like it, that exports `command`. */
export interface Command {
  /** One line for `ced --help`. */
  summary: string;
  help: string;
  /** @returns exit code. Errors that are thrown are told in one line. */
  run(argv: string[]): Promise<number>;
}
