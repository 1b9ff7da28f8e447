import { RetryPauses, resuming, withRetry } from '../../storage/retry';

const refused = () => Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
const silence = () => new Promise<never>(() => undefined);

describe('waiting for a place that does not answer', () => {
  afterEach(() => void jest.useRealTimers());

  it('is reported every few seconds, in pauses and requests, within a heartbeat', async () => {
    jest.useFakeTimers();
    const reports: number[] = [];
    const onWait = () => void reports.push(Date.now());
    let tries = 0;
    const work = (): Promise<string> => {
      tries++;
      if (tries <= 8) return Promise.reject(refused());
      return tries === 9 ? silence() : Promise.resolve('there');
    };
    const startedMs = Date.now();
    const done = withRetry(work, { onWait });
    await jest.advanceTimersByTimeAsync(200_000);
    expect(await done).toBe('there');
    // Pauses of up to half a minute, and half a minute without an answer.
    expect(reports.at(-1)! - startedMs).toBeGreaterThan(60_000);
    reports.reduce((before, at) => {
      expect(at - before).toBeLessThan(10_000);
      return at;
    }, startedMs);
  });

  it('is over when it is aborted: in a pause, in a request, and between two parts', async () => {
    const stop = new Error('told to stop');
    const stopping = (): { signal: AbortSignal; abort: () => void } => {
      const controller = new AbortController();
      return { signal: controller.signal, abort: () => controller.abort(stop) };
    };
    const inPause = stopping();
    const pauses = { signal: inPause.signal, firstPauseMs: 1e6, onWait: inPause.abort };
    await expect(withRetry(() => Promise.reject(refused()), pauses)).rejects.toBe(stop);

    const inRequest = stopping();
    const asked = (): Promise<never> => {
      inRequest.abort();
      return silence();
    };
    await expect(withRetry(asked, { ...inRequest, silenceMs: 1e6 })).rejects.toBe(stop);

    const betweenParts = stopping();
    const open = async function* (): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Uint8Array.of(1));
      await silence();
    };
    const parts = resuming(() => Promise.resolve(open()), {
      ...{ signal: betweenParts.signal, silenceMs: 1e6 },
    });
    await parts.next();
    const next = parts.next();
    betweenParts.abort();
    await expect(next).rejects.toBe(stop);
  });

  it('leaves a request that is made after it one try: a lease is released by it', async () => {
    const options = { signal: AbortSignal.abort(new Error('told to stop')) };
    expect(await withRetry(() => Promise.resolve('released'), options)).toBe('released');
    await expect(withRetry(() => Promise.reject(refused()), options)).rejects.toThrow(
      'told to stop',
    );
  });

  it('ends with the first error that no waiting helps against', async () => {
    const denied = new Error('denied');
    await expect(new RetryPauses().after(denied)).rejects.toBe(denied);
  });
});
