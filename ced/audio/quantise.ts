/**
 * Samples in [−1, 1) to those that are stored: times 32768, rounded half away from zero, clipped
 * (assembly/quantise.ts).
 */
import { ClipUnreadable } from './clip-unreadable';
import { quantiseWasm } from './compiled/quantise';
import { Kernel, type WasmMemory } from './kernel';
import type { SampleMemory } from './sample-memory';

interface QuantiseModule {
  readonly memory: WasmMemory;
  readonly INPUT: { readonly value: number };
  readonly ROOM: { readonly value: number };
  readonly RESULT: { readonly value: number };
  quantise(count: number): number;
}

const kernel = new Kernel<QuantiseModule>(quantiseWasm);
let shared: { module: QuantiseModule; input: Float32Array; result: Int16Array } | null = null;

/** @throws ClipUnreadable `notFinite` */
export function appendQuantised(mono: Float32Array, to: SampleMemory): void {
  append(mono, to, (part) => {
    const strange = to.position + part.findIndex((sample) => !Number.isFinite(sample));
    throw new ClipUnreadable('notFinite', `sample ${strange} at 16 kHz is not a finite number`);
  });
}

/**
 * For rates beside 16 kHz, whose samples alone decide whether a clip is used: what is not finite is
 * clipped, or 0 where it is no number.
 */
export function appendClipped(mono: Float32Array, to: SampleMemory): void {
  append(mono, to, (part) =>
    part.map((sample) => (Number.isNaN(sample) ? 0 : Math.min(1, Math.max(-1, sample)))),
  );
}

/** @param finite what a part that is not finite is replaced by; may throw */
function append(
  mono: Float32Array,
  to: SampleMemory,
  finite: (part: Float32Array) => Float32Array,
): void {
  shared ??= quantiser();
  const { module, input, result } = shared;
  for (let from = 0; from < mono.length; from += input.length) {
    const part = mono.subarray(from, from + input.length);
    input.set(part);
    if (!module.quantise(part.length)) {
      input.set(finite(part));
      module.quantise(part.length);
    }
    to.append(result.subarray(0, part.length));
  }
}

function quantiser(): NonNullable<typeof shared> {
  const module = kernel.instance();
  const { INPUT, ROOM, RESULT, memory } = module;
  return {
    module,
    input: new Float32Array(memory.buffer, INPUT.value, ROOM.value),
    result: new Int16Array(memory.buffer, RESULT.value, ROOM.value),
  };
}
