import { chartData } from '../../report/report-charts';
import { sampleReport } from '../report/sample-report';
import { curvePoints, thin } from '../../report/training-curve';

const points = (count: number) =>
  Array.from({ length: count }, (_, step) => ({ step, loss: step % 2, learningRate: 0.5 }));

describe('a training curve', () => {
  it('keeps every point of a short training', () => {
    expect(thin(points(600), 600)).toEqual(points(600));
  });

  it('draws a long one as means of neighbours, so that noise cancels out', () => {
    const drawn = thin(points(100_000), 600);
    expect(drawn.length).toBeLessThanOrEqual(600);
    expect(drawn.every(({ loss }) => Math.abs(loss - 0.5) < 0.01)).toBe(true);
    expect(drawn[0]?.step).toBeLessThan(drawn[1]?.step ?? 0);
  });

  it('tells steps from epochs', () => {
    const { steps, epochs } = curvePoints([
      { step: 0, loss: 0.7, lr: 1e-3 },
      { epoch: 1, step: 8, loss: 0.6, mAP: null },
      { epoch: 2, step: 16, loss: 0.5, mAP: 0.2 },
    ]);
    expect(steps).toEqual([{ step: 0, loss: 0.7, learningRate: 1e-3 }]);
    expect(epochs.map(({ mAP }) => mAP)).toEqual([null, 0.2]);
  });
});

describe('charts', () => {
  const charts = chartData(sampleReport({ students: ['mini', 'micro'] }));
  const chart = (id: string) => charts.find((each) => each.id === id);

  it('put all series of a chart on one rising axis', () => {
    for (const { xs, series } of charts) {
      expect(xs).toEqual([...new Set(xs)].sort((a, b) => a - b));
      for (const { values } of series) expect(values).toHaveLength(xs.length);
    }
  });

  it('show the ensemble beside the students that follow it, at validated epochs only', () => {
    expect(chart('map')?.series.map(({ label }) => label)).toEqual(['mini', 'micro', 'ensemble']);
    expect(chart('map')?.xs).toEqual([2, 4, 6, 8, 10, 12, 14, 16]);
  });

  it('draw an epoch’s mean loss in the middle of the epoch', () => {
    const epochs = chart('loss')?.series.find(({ label }) => label === 'mini, epoch');
    const first = epochs?.values.findIndex((value) => value !== null) ?? -1;
    expect(chart('loss')?.xs[first]).toBe(94);
  });

  it('show the divergence from the ensemble where validation has no labels, and which way', () => {
    const data = sampleReport();
    for (const curve of data.curves)
      for (const epoch of curve.epochs)
        Object.assign(epoch, { mAP: null }, epoch.mAP === null ? {} : { divergence: 0.01 });
    const charts = chartData(data);
    expect(charts.map(({ id }) => id)).toEqual(['loss', 'divergence', 'rate']);
    expect(charts[1]?.title).toMatch(/lower is better/);
    expect(charts[1]?.xs).toEqual([2, 4, 6, 8, 10, 12, 14, 16]);
  });

  it('leave out what was never measured', () => {
    const data = sampleReport();
    for (const curve of data.curves) for (const epoch of curve.epochs) epoch.mAP = null;
    expect(chartData(data).map(({ id }) => id)).toEqual(['loss', 'rate']);
  });
});
