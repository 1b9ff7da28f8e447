/** `ced watch ID`: live lines and result of any run, on this machine or another. */
import { commandLine } from '../../infra/command-line/command-line';
import {
  temporalOptions,
  temporalSettings,
  type TemporalSettings,
} from '../../workers/temporal-settings';
import type { Command } from '../command';
import { printJson } from '../print-json';
import { connect, followRun } from './follow';
import { listenForInterruption } from './interruption';
import { LiveDisplay } from './live-display';
import { resultTable, type ResultPlaces } from './result-table';
import { runOutput } from './run-output';

const line = commandLine({
  program: 'ced watch',
  usage: 'WORKFLOW-ID [options]',
  about: [
    'Shows a run live until it ends, then its results. Ctrl-C ends the watching, never the run.',
  ],
  operands: {
    rows: { 'WORKFLOW-ID': "the run's workflow id" },
    expected: 'one workflow id',
    least: 1,
    most: 1,
  },
  options: {
    ...temporalOptions,
    json: {
      help: 'print only the result on standard output, as JSON; live lines go to standard error',
    },
  },
  examples: ['ced watch instruments', 'ced watch mine --address 10.0.0.5:7233 --json'],
});

export const command: Command = {
  spec: line.spec,
  help: line.help,
  run: async (argv) =>
    await line.run(
      argv,
      async ({ values, operands }) =>
        await watch(operands[0]!, values.json, temporalSettings(values, process.env)),
    ),
};

async function watch(
  workflowId: string,
  json: boolean,
  settings: TemporalSettings,
): Promise<number> {
  const { client, close } = await connect(settings);
  try {
    const display = new LiveDisplay(json ? process.stderr : process.stdout, () =>
      performance.now(),
    );
    const { signal } = listenForInterruption(() => display.note('The run continues.'));
    const result = await followRun(client, workflowId, display, signal);
    if (result === null) return 130;
    if (json) printJson(runOutput(result));
    else if ('outcome' in result) display.note(`\n${result.says}`);
    else display.note(`\n${resultTable(result, placesInStore(result.run))}`);
    return 0;
  } finally {
    await close();
  }
}

function placesInStore(run: string): ResultPlaces {
  return {
    result: `runs/${run}/result.json in the run's store`,
    report: `runs/${run}/report.html in the run's store`,
  };
}
