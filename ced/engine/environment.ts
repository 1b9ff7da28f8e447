/**
 * What decides the bits of a result besides the program: TensorFlow's version, the device, the
 * instruction set that oneDNN and XLA may use (a matmul changes in the last bit) and the number of
 * threads that one kernel is split over (a full `Sum` changes between 2, 3 and 4), which is always
 * one: several kernels run at once instead (`branches.ts`). All of it is pinned by environment
 * variables that TensorFlow reads once, while it loads, so the process that starts it sets them.
 */
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { bindingFolder } from './binding';

/**
 * Raise it when a change of ours alters results in the last bit: checkpoints of another version
 * continue, but not bit for bit.
 */
export const NUMERICS_VERSION = 5;

export interface EngineOptions {
  /** Kernels that run at once; no bit depends on it. @default the number of usable cores */
  readonly threads?: number;
  /** oneDNN's and XLA's cap. Part of the engine kind. @default the best that this machine has */
  readonly instructionCap?: InstructionCap;
}

/** Two processes of equal kind compute equal bits. Written into every training checkpoint. */
export interface EngineKind {
  readonly tensorflow: string;
  readonly device: 'cpu' | 'gpu';
  readonly instructionCap: string;
  /**
   * On a GPU `XLA` where chains of kernels are compiled, `TF32` where products round their operands
   * to ten bits, or both, joined by `+`; absent = neither, and on a CPU.
   */
  readonly gpu?: string;
  /** Only in checkpoints of numerics before 4, whose bits depended on it. */
  readonly intraOpThreads?: number;
  readonly numericsVersion: number;
}

/**
 * oneDNN's instruction caps in use, best first, with the processor flags each needs and XLA's name
 * for it. The steps between change no result of ours. Without `AVX512_CORE_BF16`, products in
 * bfloat16 are emulated and slower than in float32.
 */
const CAPS = [
  {
    name: 'AVX512_CORE_BF16',
    flags: ['avx512_bf16', 'avx512_vnni', 'avx512f', 'avx512bw', 'avx512dq', 'avx512vl'],
    xla: 'AVX512_BF16',
  },
  { name: 'AVX512_CORE', flags: ['avx512f', 'avx512bw', 'avx512dq', 'avx512vl'], xla: 'AVX512' },
  { name: 'AVX2', flags: [], xla: 'AVX2' },
] as const;

/**
 * The one cap of 64-bit ARM, which all its processors have. oneDNN is off there: it hands products
 * to the Compute Library, which chooses kernels by the core and knows no cap.
 */
const ARM_CAP = { name: 'NEON', xla: 'NEON' } as const;

export type InstructionCap = (typeof CAPS)[number]['name'] | (typeof ARM_CAP)['name'];

export function defaultInstructionCap(architecture: string = process.arch): InstructionCap {
  if (architecture === 'arm64') return ARM_CAP.name;
  const flags = processorFlags();
  return CAPS.find((cap) => cap.flags.every((flag) => flags.has(flag)))?.name ?? 'AVX2';
}

function processorFlags(): Set<string> {
  try {
    return new Set(/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' '));
  } catch {
    return new Set(); // not Linux
  }
}

/**
 * Variables for a process that is about to load the engine. The caller's `CED_GPU_XLA=0` keeps
 * chains of kernels on a GPU from being compiled, its `CED_GPU_TF32=1` lets products there round
 * their operands, and its `CED_GPU_PINNED=0` keeps memory that is copied to a GPU from being
 * pinned, which changes no bits.
 */
export function engineEnvironment(options: EngineOptions = {}): Record<string, string> {
  const instructionCap = options.instructionCap ?? defaultInstructionCap();
  const xlaCap = [...CAPS, ARM_CAP].find(({ name }) => name === instructionCap)?.xla;
  const cuda = cudaFolder();
  const xlaCuda = process.env['CED_GPU_XLA'] === '0' ? null : cuda;
  return {
    TF_NUM_INTRAOP_THREADS: '1',
    TF_NUM_INTEROP_THREADS: String(options.threads ?? availableParallelism()),
    TF_ENABLE_ONEDNN_OPTS: instructionCap === ARM_CAP.name ? '0' : '1',
    ONEDNN_MAX_CPU_ISA: instructionCap,
    // XLA's own sums. It would leave them to YNNPACK, and its thunk for that (ynn_emitter.cc)
    // appends to a list without a lock: two branches that prepare a sum at once crash the process.
    XLA_FLAGS:
      `--xla_cpu_max_isa=${xlaCap} --xla_cpu_experimental_ynn_fusion_type=` +
      (xlaCuda === null ? '' : ` ${CUDA_FLAG}${xlaCuda}`),
    TF_CPP_MIN_LOG_LEVEL: process.env['TF_CPP_MIN_LOG_LEVEL'] ?? '2',
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    TF_DETERMINISTIC_OPS: '1',
    // On a GPU too, float32 is float32: cuBLAS would round to ten bits.
    NVIDIA_TF32_OVERRIDE: process.env['CED_GPU_TF32'] === '1' ? '1' : '0',
    // Read by the binding.
    CED_GPU_PINNED: process.env['CED_GPU_PINNED'] ?? (cuda === null ? '0' : '1'),
  };
}

const CUDA_FLAG = '--xla_gpu_cuda_data_dir=';

/** ptxas and libdevice, which XLA needs for a GPU; null where the CPU library is set up. */
function cudaFolder(): string | null {
  const cuda = join(bindingFolder(), 'cuda');
  return existsSync(cuda) ? cuda : null;
}

/** How a process with these variables computes on a GPU, as in `EngineKind`. */
export function gpuKind(environment: NodeJS.ProcessEnv): string | undefined {
  const { XLA_FLAGS = '', NVIDIA_TF32_OVERRIDE } = environment;
  const parts = [
    ...(XLA_FLAGS.includes(CUDA_FLAG) ? ['XLA'] : []),
    ...(NVIDIA_TF32_OVERRIDE === '0' ? [] : ['TF32']),
  ];
  return parts.length === 0 ? undefined : parts.join('+');
}
