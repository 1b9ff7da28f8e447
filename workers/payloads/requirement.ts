/**
 * What a payload must be to be read, from `CED_PAYLOAD_REQUIRE`: `encrypted`, or `bound` to the
 * workflow or activity that it belongs to as well. Unset, plain payloads are read too.
 */
export type PayloadRequirement = 'encrypted' | 'bound';

const VARIABLE = 'CED_PAYLOAD_REQUIRE';

/** @throws one line, also when payloads are required to be encrypted and there are no keys */
export function payloadRequirement(
  environment: NodeJS.ProcessEnv,
  hasKeys: boolean,
): PayloadRequirement | null {
  const text = environment[VARIABLE] ?? '';
  if (text === '') return null;
  if (text !== 'encrypted' && text !== 'bound')
    throw new Error(`${VARIABLE}: ${text}, expected encrypted or bound`);
  if (!hasKeys) throw new Error(`${VARIABLE} is set, but CED_PAYLOAD_KEYS is not`);
  return text;
}
