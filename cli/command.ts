/** A subcommand of `ced`: a module that exports `command`, listed in cli/main.ts. */
export interface Command {
  /** One line for `ced --help`. */
  readonly summary: string;
  readonly help: string;
  /** @returns exit status. Errors that are thrown are printed in one line. */
  run(argv: readonly string[]): Promise<number>;
}
