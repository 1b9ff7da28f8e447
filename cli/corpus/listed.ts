const SHOWN = 5;

/** `a, b, c …` */
export function listed(names: readonly string[]): string {
  return `${names.slice(0, SHOWN).join(', ')}${names.length > SHOWN ? ' …' : ''}`;
}
