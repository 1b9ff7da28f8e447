/**
 * Registers the pipeline's search attributes with a Temporal server. A workflow that upserts an
 * unknown attribute stalls, so they are registered before the first run.
 */
import { Connection } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { SEARCH_ATTRIBUTE_TYPES, SEARCH_ATTRIBUTES } from '../workflows/contract/names';

const { IndexedValueType } = temporal.api.enums.v1;
const indexedType = {
  KEYWORD: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  INT: IndexedValueType.INDEXED_VALUE_TYPE_INT,
  DOUBLE: IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
} as const;

/**
 * Adds the attributes that a running server lacks. Idempotent.
 * @throws if the server has one of another type
 */
export async function ensureSearchAttributes(
  address: string,
  namespace = 'default',
): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: '5s' });
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({
      namespace,
    });
    const missing: Record<string, temporal.api.enums.v1.IndexedValueType> = {};
    for (const [name, type] of Object.entries(SEARCH_ATTRIBUTES)) {
      const present = customAttributes?.[name];
      if (present === undefined) missing[name] = indexedType[type];
      else if (present !== indexedType[type])
        throw new Error(
          `search attribute ${name} of the Temporal server at ${address} is not of type ` +
            `${SEARCH_ATTRIBUTE_TYPES[type]}: remove it there first`,
        );
    }
    if (Object.keys(missing).length > 0)
      await connection.operatorService.addSearchAttributes({
        namespace,
        searchAttributes: missing,
      });
  } finally {
    await connection.close();
  }
}

/** Arguments of `temporal server start-dev`, which registers them before it answers. */
export function searchAttributeArguments(): string[] {
  return Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => [
    '--search-attribute',
    `${name}=${SEARCH_ATTRIBUTE_TYPES[type]}`,
  ]);
}
