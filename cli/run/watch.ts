/** `ced watch ID`: live lines and result of any run, on this machine or another. */
import { parseArgs } from 'node:util';
import type { Command } from '../command';
import { UsageError } from '../failure';
import { connect, followRun } from './follow';
import { listenForInterruption } from './interruption';
import { LiveDisplay } from './live-display';
import { resultTable } from './result-table';
import { DEFAULT_ADDRESS, temporalSettings } from '../../workers/temporal-settings';

const help = `ced watch WORKFLOW-ID [options]

Shows a run live until it ends, then its results. Ctrl-C ends the watching, never the run.

  --address HOST:PORT   Temporal server (default: TEMPORAL_ADDRESS, else ${DEFAULT_ADDRESS})
  --namespace N         (default: TEMPORAL_NAMESPACE, else default); TLS and API key as the Temporal CLI takes them
  --json                print only the result on standard output, as JSON; live lines go to standard error
  --help                this text`;

export const command: Command = {
  summary: 'show a run live, then its results',
  help,
  async run(argv) {
    const options = {
      address: { type: 'string' },
      namespace: { type: 'string' },
      json: { type: 'boolean' },
    } as const;
    const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true });
    const [workflowId, ...rest] = positionals;
    if (workflowId === undefined || rest.length > 0)
      throw new UsageError('ced watch: expected one workflow id; see ced watch --help');
    const { client, close } = await connect(temporalSettings(values, process.env));
    try {
      const display = new LiveDisplay(values.json ? process.stderr : process.stdout, () =>
        performance.now(),
      );
      const { signal } = listenForInterruption(() => display.note('The run goes on.'));
      const result = await followRun(client, workflowId, display, signal);
      if (result === null) return 130;
      const folder = `runs/${result.run}`;
      if (values.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
      else if ('outcome' in result) display.note(`\n${result.says}`);
      else
        display.note(
          `\n${resultTable(result, { result: `${folder}/result.json in the run's store`, report: `${folder}/report.html in the run's store` })}`,
        );
      return 0;
    } finally {
      await close();
    }
  },
};
