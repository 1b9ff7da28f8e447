/** An activity of your own, here the place of a message to your team. */
import { appendFile } from 'node:fs/promises';
import type { RunResult } from 'ced-distillation/contract';

export async function announce({ run, students }: RunResult): Promise<string> {
  const [student] = students;
  if (!student) throw new Error(`${run}: no student`);
  const told = `${run}: ${student.name} of ${student.parameters} parameters, ${student.checkpoint}`;
  await appendFile('announced.txt', `${told}\n`);
  return told;
}
