import type { HelpedCommand } from '../infra/command-line/help-text';

/** A subcommand of `ced`: a module that exports `command`, listed in cli/main.ts. */
export interface Command {
  /** Its table, for completion. */
  readonly spec: HelpedCommand;
  readonly help: string;
  /** @returns exit status. Errors that are thrown are printed in one line. */
  run(argv: readonly string[]): Promise<number>;
}
