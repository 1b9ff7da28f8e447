/** A subcommand of `ced`: a module that exports `command`, listed in cli/main.ts. */
export interface Command {
  /** One line for `ced --help`. */
  summary: string;
  help: string;
  /** @returns exit code. Errors that are thrown are told in one line. */
  run(argv: string[]): Promise<number>;
}
