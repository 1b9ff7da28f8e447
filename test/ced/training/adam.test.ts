import { openEngine } from '../../../ced/engine/engine';
import type { Tensor } from '../../../ced/engine/tensor';
import { adamScalars, adamUpdates } from '../../../ced/training/adam';

const engine = openEngine();

const initial = [1.5, -0.75, 0.25, -2, 0.01, 0];

/**
 * Six steps at the rate 0.05 / step with gradients ((7 · step + 13 · i) mod 11 − 5) / 10, all in
 * one traced function.
 */
function sixSteps(weightDecay: number): number[] {
  const shape = [initial.length];
  const zeros = new Float32Array(initial.length);
  const variables = [Float32Array.from(initial), zeros, zeros].map((values) =>
    engine.variable(values, shape),
  );
  const specs = [
    { dtype: 'float32', shape: [4] },
    { dtype: 'float32', shape },
    ...variables.map(() => ({ dtype: 'resource', shape: [] }) as const),
  ] as const;
  const step = engine.define(`adam ${weightDecay}`, specs, 'float32', (ops, args) => {
    const [scalars, gradient, value, firstMoment, secondMoment] = args as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const before = ops.readVariable(value, shape);
    adamUpdates(
      ops,
      scalars,
      [{ variables: { value, firstMoment, secondMoment }, before, gradient, rate: 1 }],
      weightDecay,
    );
    return [scalars];
  });
  for (let number = 1; number <= 6; number++) {
    const inputs = [
      engine.tensor(adamScalars(number, 0.05 / number), [4], 'float32'),
      engine.tensor(
        Float32Array.from(initial, (_, i) => (((number * 7 + i * 13) % 11) - 5) / 10),
        shape,
        'float32',
      ),
    ];
    engine.free(...inputs, ...engine.call(step, [...inputs, ...variables]));
  }
  const after = [...engine.readVariable(variables[0]!, shape)];
  for (const variable of variables) engine.freeVariable(variable);
  return after;
}

// torch.optim.AdamW([w], weight_decay=…) of PyTorch 2.15, the same gradients and rates.
const adam = [
  1.4310353994369507, -0.8167223930358887, 0.3145456910133362, -1.9538344144821167,
  0.09297730028629303, -0.04340166226029396,
];
const adamW = [
  1.413141131401062, -0.8071350455284119, 0.31107375025749207, -1.9297837018966675,
  0.09236089885234833, -0.04308182746171951,
];

describe('Adam', () => {
  it("arrives where PyTorch's does", () => {
    sixSteps(0).forEach((value, i) => expect(value).toBeCloseTo(adam[i]!, 6));
  });

  it("arrives where PyTorch's AdamW does: weights decay apart from their gradients", () => {
    sixSteps(0.1).forEach((value, i) => expect(value).toBeCloseTo(adamW[i]!, 6));
  });

  it('does so every time: decay and update, both of one variable, keep their order', () => {
    const first = sixSteps(0.1);
    for (let again = 0; again < 20; again++) expect(sixSteps(0.1)).toEqual(first);
  });
});
