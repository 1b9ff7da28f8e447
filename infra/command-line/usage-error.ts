/** A mistake in arguments or input: its message is shown to the user, without a stack. */
export class UsageError extends Error {}
