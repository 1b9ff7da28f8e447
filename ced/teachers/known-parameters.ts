/** Counts of parameters of which some may not be known: a worker need not tell how many it has. */

/** null where it is not known; earlier versions wrote 0 then. */
export function knownParameters(count: number | null): number | null {
  return count === 0 ? null : count;
}

/** null unless all are known. */
export function sumOfParameters(models: readonly { parameters: number | null }[]): number | null {
  return models.reduce<number | null>((sum, { parameters }) => {
    const count = knownParameters(parameters);
    return sum === null || count === null ? null : sum + count;
  }, 0);
}
