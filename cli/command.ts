/** A subcommand of `ced`: a module that exports `command`, listed in cli/main.ts. */
export interface Command {
  readonly help: string;
  /** @returns exit status. Errors that are thrown are printed in one line. */
  run(argv: readonly string[]): Promise<number>;
}
