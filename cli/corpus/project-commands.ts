/** The commands that lead from a new project to a tagged recording, as lines for a shell. */
import { join } from 'node:path';
import { isInstalled } from '../../infra/package-root';
import { shellLine } from '../run/temporal-command';
import { pathOf, recordingOf, tablesOf, type Project } from './project-files';

/** @param from the folder that they are typed in, null = any; they need the project's root */
export function commandsOf(project: Project, from: string | null): string[] {
  const path = (...names: string[]): string => pathOf(project, join(...names));
  const teach = ['--run', path('teach.json'), '--out', path('teachers')];
  const model = path('store', 'runs', project.name);
  return [
    ...(from === project.root ? [] : [shellLine('cd', [project.root])]),
    ...(project.settings.teachers.length === 0 ? [] : [programLine('teach', teach)]),
    programLine('start', ['--run', path('run.json')]),
    shellLine('npx', [
      'ced',
      'tag',
      recordingOf(project),
      '--model',
      model,
      ...channelsOf(project),
    ]),
  ];
}

/** A clone has npm scripts; a project that has the package installed has `npx ced`. */
function programLine(program: 'start' | 'teach', options: readonly string[]): string {
  if (isInstalled) return shellLine('npx', ['ced', program, ...options]);
  const script = program === 'start' ? ['start'] : ['run', program];
  return shellLine('npm', [...script, '--', ...options]);
}

/** Checks the tables alone, typed in the root. Tables do not state the channels. */
export function checkCommandOf(project: Project): string {
  const tables = tablesOf(project).map(([split, path]) => `${split}=${path}`);
  return shellLine('npx', ['ced', 'corpus', ...tables, ...channelsOf(project)]);
}

function channelsOf({ channels }: Project): string[] {
  return channels && channels !== 'mix' ? ['--channels', channels] : [];
}
