import { setImmediate as immediate } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { Silence } from '../../jobs/process/silence';

describe("a worker's silence", () => {
  /**
   * Steps of 30 s that block the event loop, as the engine takes them: the next one begins as soon
   * as the mailbox has been read.
   */
  async function stepsOf30s(speak: boolean): Promise<boolean> {
    let nowMs = 0;
    let ended = false;
    const silence = new Silence(20_000, () => nowMs);
    const { port1: engine, port2: worker } = new MessageChannel();
    engine.on('message', () => silence.heard());
    const timer = setInterval(() => silence.look(() => (ended = true)), 1);
    for (let step = 0; step < 5; step++) {
      nowMs += 30_000;
      if (speak) worker.postMessage('alive');
      for (const begunMs = performance.now(); performance.now() - begunMs < 3;);
      await immediate();
    }
    clearInterval(timer);
    worker.close();
    return ended;
  }

  it('is not in steps that outlast it, when the worker spoke during each', async () => {
    expect(await stepsOf30s(true)).toBe(false);
  });

  it('is noticed when nothing was said', async () => {
    expect(await stepsOf30s(false)).toBe(true);
  });
});
