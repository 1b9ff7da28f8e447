import { engineEnvironment, gpuKind } from '../../../ced/engine/environment';

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
});
