/** Writes numbers of any width, highest bit first, and keeps the places of named ones. */
import type { Field } from './layout';

export class BitWriter {
  readonly fields: Field[] = [];
  private readonly bits: number[] = [];

  /** Whole bytes so far. */
  get bytes(): number {
    return Math.ceil(this.bits.length / 8);
  }

  put(width: number, value: number): void {
    const number = BigInt.asUintN(width, BigInt(value));
    for (let bit = width - 1; bit >= 0; bit--) this.bits.push(Number((number >> BigInt(bit)) & 1n));
  }

  field(name: string, width: number, value: number): void {
    const start = this.bits.length;
    this.put(width, value);
    const at = start >> 3;
    const bytes = Math.ceil(this.bits.length / 8) - at;
    const shift = 8 * (at + bytes) - this.bits.length;
    this.fields.push({ name, at, bytes, bigEndian: true, shift, bits: width });
  }

  align(): void {
    while (this.bits.length % 8 !== 0) this.bits.push(0);
  }

  finish(): Buffer {
    this.align();
    const bytes = Buffer.alloc(this.bits.length / 8);
    for (const [at, bit] of this.bits.entries()) bytes[at >> 3]! |= bit << (7 - (at & 7));
    return bytes;
  }
}
