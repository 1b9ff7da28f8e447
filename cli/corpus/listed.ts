const SHOWN = 5;

/** `a, b, c …` */
export function listed(names: readonly string[], most = SHOWN): string {
  return `${names.slice(0, most).join(', ')}${names.length > most ? ' …' : ''}`;
}
