/** A sequence whose next item can be looked at before it is taken. */
export class Ahead<T> {
  private next: T | null | undefined;

  constructor(private readonly items: AsyncIterator<T>) {}

  /** @returns null at the end */
  async peek(): Promise<T | null> {
    if (this.next === undefined) {
      const result = await this.items.next();
      this.next = result.done ? null : result.value;
    }
    return this.next;
  }

  /** Takes what was looked at. */
  drop(): void {
    if (this.next !== null) this.next = undefined;
  }

  /** To be called when it is read no further: closes the file or connection behind it. */
  async close(): Promise<void> {
    await this.items.return?.();
  }
}
