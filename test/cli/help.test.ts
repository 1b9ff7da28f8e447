import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { command as champion } from '../../cli/store/champion';
import { command as corpus } from '../../cli/corpus/corpus';
import { command as exportModel } from '../../cli/models/export';
import { command as logits } from '../../cli/store/logits';
import { command as plan } from '../../cli/run/plan';
import { SCHEDULE_HELP } from '../../cli/run/schedule-options';
import { START_HELP, TEACH_HELP } from '../../cli/run/start-options';
import { command as report } from '../../cli/store/report';
import { command as store } from '../../cli/store/store';
import { command as tag } from '../../cli/models/tag';
import { command as watch } from '../../cli/run/watch';
import { repositoryRoot } from '../../infra/toolchain';
import { WORKER_HELP } from '../../workers/worker-options';
import { expectGoodHelp } from '../support/good-help';

/** Programs that run when they are loaded: their help is what they print. */
const PROGRAMS = [
  'bench/main',
  'infra/server-command',
  'tools/fuzz/main',
  'tools/soak/main',
  'tools/storage-command',
  'tools/study/main',
  'tools/teacher-check/main',
  'workers/payloads/codec-server',
];

function printed(program: string): string {
  const file = join(repositoryRoot, 'dist', `${program}.js`);
  const { status, stdout } = spawnSync(process.execPath, [file, '--help'], { encoding: 'utf8' });
  expect(status).toBe(0);
  return stdout.trimEnd();
}

describe('the help of every command', () => {
  const inProcess: [string, () => string][] = [
    ['npm start', () => START_HELP],
    ['npm run teach', () => TEACH_HELP],
    ['npm run schedule', () => SCHEDULE_HELP],
    ['npm run worker', () => WORKER_HELP],
    ['ced champion', () => champion.help],
    ['ced corpus', () => corpus.help],
    ['ced export', () => exportModel.help],
    ['ced logits', () => logits.help],
    ['ced plan', () => plan.help],
    ['ced report', () => report.help],
    ['ced store', () => store.help],
    ['ced tag', () => tag.help],
    ['ced watch', () => watch.help],
  ];
  const spawned = PROGRAMS.map((name): [string, () => string] => [name, () => printed(name)]);

  it.each([...inProcess, ...spawned])('%s fits a terminal and explains its examples', (_, read) => {
    expectGoodHelp(read());
  });
});
