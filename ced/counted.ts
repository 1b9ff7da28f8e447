/** `1 clip is`, `1,204 clips are`: a count with its noun, and the verb where it has one. */
export function counted(count: number, one: string, several: string): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : several}`;
}
