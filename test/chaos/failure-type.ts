/** Type of the failure at the bottom. */
export function causeOf(error: unknown): string {
  const { cause, type } = error as { cause?: unknown; type?: string };
  return cause ? causeOf(cause) : (type ?? String(error));
}
