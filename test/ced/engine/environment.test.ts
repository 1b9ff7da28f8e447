import { defaultInstructionCap, engineEnvironment, gpuKind } from '../../../ced/engine/environment';

describe('how the engine computes on a GPU', () => {
  const { XLA_FLAGS = '', ...environment } = engineEnvironment();
  const withTools = `${XLA_FLAGS} --xla_gpu_cuda_data_dir=/cuda`;
  afterEach(() => delete process.env['CED_GPU_TF32']);

  it('is part of its kind: whether chains are compiled, and products rounded', () => {
    expect(gpuKind({ ...environment, XLA_FLAGS })).toBeUndefined();
    expect(gpuKind({ ...environment, XLA_FLAGS: withTools })).toBe('XLA');
    process.env['CED_GPU_TF32'] = '1';
    const rounding = engineEnvironment();
    expect(gpuKind({ ...rounding, XLA_FLAGS })).toBe('TF32');
    expect(gpuKind({ ...rounding, XLA_FLAGS: withTools })).toBe('XLA+TF32');
  });

  it('says nothing of CUDA where the CPU library is set up', () => {
    expect(XLA_FLAGS).not.toContain('cuda');
  });

  it('pins no memory then, unless it is asked to', () => {
    expect(engineEnvironment()['CED_GPU_PINNED']).toBe('0');
    process.env['CED_GPU_PINNED'] = '1';
    expect(engineEnvironment()['CED_GPU_PINNED']).toBe('1');
    delete process.env['CED_GPU_PINNED'];
  });
});

describe('the instruction cap', () => {
  it('is one for all ARM processors, without kernels that are chosen by the core', () => {
    const instructionCap = defaultInstructionCap('arm64');
    expect(instructionCap).toBe('NEON');
    const { XLA_FLAGS, ...environment } = engineEnvironment({ instructionCap });
    expect(XLA_FLAGS).toMatch(/^--xla_cpu_max_isa=NEON /);
    expect(environment).toMatchObject({ ONEDNN_MAX_CPU_ISA: 'NEON', TF_ENABLE_ONEDNN_OPTS: '0' });
  });

  it('caps oneDNN and XLA alike on x86-64', () => {
    const environment = engineEnvironment({ instructionCap: defaultInstructionCap('x64') });
    expect(environment['TF_ENABLE_ONEDNN_OPTS']).toBe('1');
    expect(environment['ONEDNN_MAX_CPU_ISA']).toMatch(/^AVX/);
    expect(environment['XLA_FLAGS']).toMatch(/^--xla_cpu_max_isa=AVX/);
  });
});
