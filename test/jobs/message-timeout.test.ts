import { setImmediate as immediate } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { MessageTimeout } from '../../jobs/process/message-timeout';

describe("the timeout of a worker's messages", () => {
  /**
   * Steps of 30 s that block the event loop, as the engine takes them: the next one begins as soon
   * as the mailbox has been read.
   */
  async function stepsOf30s(send: boolean): Promise<boolean> {
    let nowMs = 0;
    let ended = false;
    const timeout = new MessageTimeout(20_000, () => nowMs);
    const { port1: engine, port2: worker } = new MessageChannel();
    engine.on('message', () => timeout.onMessage());
    const timer = setInterval(() => timeout.check(() => (ended = true)), 1);
    for (let step = 0; step < 5; step++) {
      nowMs += 30_000;
      if (send) worker.postMessage('alive');
      for (const begunMs = performance.now(); performance.now() - begunMs < 3;);
      await immediate();
    }
    clearInterval(timer);
    worker.close();
    return ended;
  }

  it('passes over steps longer than itself if a message arrived during each', async () => {
    expect(await stepsOf30s(true)).toBe(false);
  });

  it('ends the engine if no message arrived', async () => {
    expect(await stepsOf30s(false)).toBe(true);
  });
});
