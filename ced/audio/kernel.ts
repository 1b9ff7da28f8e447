/**
 * A piece of WebAssembly compiled from `assembly/`: an instance is made at once, and has memory of
 * its own.
 */

// TypeScript keeps the whole of these types in the browser's library.
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

export interface WasmMemory {
  /** Replaced by another when the memory grows. */
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

export class Kernel<Exports> {
  private module: object | null = null;

  constructor(private readonly base64: string) {}

  instance(): Exports {
    this.module ??= new WebAssembly.Module(Buffer.from(this.base64, 'base64'));
    return new WebAssembly.Instance(this.module).exports as Exports;
  }
}
