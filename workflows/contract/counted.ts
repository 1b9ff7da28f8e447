/** `1 teacher`, `3 teachers`: for text of workflows, which import nothing of `ced/`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
