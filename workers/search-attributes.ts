/**
 * A workflow that upserts an attribute which its server does not know stalls: each of its tasks
 * fails and is repeated for ever. So a worker of workflows does not start on such a server.
 */
import type { NativeConnection } from '@temporalio/worker';
import { temporal } from '@temporalio/proto';
import { SEARCH_ATTRIBUTE_TYPES, SEARCH_ATTRIBUTES } from '../workflows/contract/names';

const { IndexedValueType } = temporal.api.enums.v1;

type Known = Readonly<Record<string, temporal.api.enums.v1.IndexedValueType>>;

/**
 * @param warn is told where the server does not say which attributes it has: a worker's account
 *   need not be allowed to ask
 * @throws with the command that registers those that are missing
 */
export async function requireSearchAttributes(
  { operatorService }: Pick<NativeConnection, 'operatorService'>,
  { address, namespace }: { address: string; namespace: string },
  warn: (line: string) => void,
): Promise<void> {
  const listed = await operatorService
    .listSearchAttributes({ namespace })
    .catch((error: unknown) => {
      warn(`the search attributes of ${address} were not checked: ${(error as Error).message}`);
      return null;
    });
  const problem = listed && missingAttributes(listed.customAttributes, address, namespace);
  if (problem) throw new Error(problem);
}

/** @returns what is wrong and the remedy, or null where all attributes are there */
export function missingAttributes(known: Known, address: string, namespace: string): string | null {
  const all = Object.entries(SEARCH_ATTRIBUTES);
  const wrong = all.find(
    ([name, type]) =>
      known[name] !== undefined && known[name] !== IndexedValueType[`INDEXED_VALUE_TYPE_${type}`],
  );
  if (wrong)
    return (
      `the search attribute ${wrong[0]} of ${address} is not of type ` +
      `${SEARCH_ATTRIBUTE_TYPES[wrong[1]]}, so that runs would stall: remove it there, then ` +
      'register it again'
    );
  const missing = all.filter(([name]) => known[name] === undefined);
  if (missing.length === 0) return null;
  const options = missing.map(
    ([name, type]) => `--name ${name} --type ${SEARCH_ATTRIBUTE_TYPES[type]}`,
  );
  return (
    `namespace ${namespace} of ${address} lacks the search attributes ` +
    `${missing.map(([name]) => name).join(', ')}, so that runs would stall; register them: ` +
    `temporal operator search-attribute create ${options.join(' ')} ` +
    `--namespace ${namespace} --address ${address}`
  );
}
