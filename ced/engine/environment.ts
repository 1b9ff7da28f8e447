/**
 * What decides the bits of a result besides the program: TensorFlow's version, the device, the instruction set oneDNN may use and the number of threads a
 * kernel is split over (a full `Sum` changes in the last bit between 2, 3 and 4 threads, a matmul with the instruction set). All of it is pinned by environment
 * variables that TensorFlow reads once, while it loads, so they are set by whoever starts the process.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Raise it when a change of ours alters results in the last bit: checkpoints of another version continue, but not bit for bit. */
export const NUMERICS_VERSION = 1;

export interface EngineOptions {
  /** Threads one kernel is split over. Part of the engine kind. @default the number of usable cores */
  readonly intraOpThreads?: number;
  /** oneDNN's cap, e.g. `AVX2` or `AVX512_CORE`. Part of the engine kind. @default the best of the two that this machine has */
  readonly instructionCap?: string;
}

/** Two processes of equal kind compute equal bits. Written into every training checkpoint. */
export interface EngineKind {
  readonly tensorflow: string;
  readonly device: 'cpu' | 'gpu';
  readonly instructionCap: string;
  readonly intraOpThreads: number;
  readonly numericsVersion: number;
}

/**
 * AVX2 and AVX512_CORE only: the caps in between (VNNI, BF16) change no float32 result but would split machines into more kinds.
 * `AVX512_CORE_BF16` has to be asked for by name where bfloat16 should be fast.
 */
export function defaultInstructionCap(): string {
  try {
    const flags = new Set(/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' '));
    return ['avx512f', 'avx512bw', 'avx512dq', 'avx512vl'].every((flag) => flags.has(flag)) ? 'AVX512_CORE' : 'AVX2';
  } catch {
    return 'AVX2'; // not Linux
  }
}

/** Variables for a process that is about to load the engine. */
export function engineEnvironment(options: EngineOptions = {}): Record<string, string> {
  const threads = String(options.intraOpThreads ?? availableParallelism());
  return {
    TF_NUM_INTRAOP_THREADS: threads,
    TF_NUM_INTEROP_THREADS: threads,
    TF_ENABLE_ONEDNN_OPTS: '1',
    ONEDNN_MAX_CPU_ISA: options.instructionCap ?? defaultInstructionCap(),
    TF_CPP_MIN_LOG_LEVEL: process.env['TF_CPP_MIN_LOG_LEVEL'] ?? '2',
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    TF_DETERMINISTIC_OPS: '1',
    NVIDIA_TF32_OVERRIDE: '0', // on a GPU too, float32 is float32: cuBLAS would round to ten bits
  };
}
