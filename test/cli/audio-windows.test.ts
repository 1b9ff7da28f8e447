/** Recordings of minutes as streams: what is read and not yet used is bounded. */
import type { AudioInput } from '../../cli/models/audio/audio-input';
import { readWindows } from '../../cli/models/audio/audio-windows';
import { withHeader } from '../../cli/models/audio/raw-samples';

const RATE = 16_000;
const BYTES_OF_SECOND = 2 * RATE;
const MINUTES = 5;

/** A second at a time, of silence; counts what was taken of it. */
class LongRecording implements AudioInput {
  readonly name = 'long.wav';
  readonly isFile = false;
  readonly bytes = MINUTES * 60 * BYTES_OF_SECOND;
  bytesRead = 0;
  forgotten = 0;

  open(): AsyncGenerator<Uint8Array> {
    return withHeader(this.seconds(), { samples: 'S16_LE', rate: RATE, channels: 1 });
  }

  forget(): void {
    this.forgotten++;
  }

  private async *seconds(): AsyncGenerator<Uint8Array> {
    for (let second = 0; second < MINUTES * 60; second++) {
      this.bytesRead += BYTES_OF_SECOND;
      yield await Promise.resolve(new Uint8Array(BYTES_OF_SECOND));
    }
  }
}

describe('windows over a recording of minutes', () => {
  it('are used while it is read, a bounded time behind', async () => {
    const input = new LongRecording();
    const batch = 8;
    let windows = 0;
    let mostAheadSeconds = 0;
    const samples = await readWindows(
      input,
      {
        ...{ windowSamples: 2 * RATE, hopSamples: RATE / 2, shortest: 2400, channels: 'mix' },
        ...{ isLive: false, batch, signal: new AbortController().signal },
      },
      (used) => {
        expect(used.length).toBeLessThanOrEqual(batch);
        windows += used.length;
        const doneSeconds = used[0]!.start / RATE;
        const ahead = input.bytesRead / BYTES_OF_SECOND - doneSeconds;
        mostAheadSeconds = Math.max(mostAheadSeconds, ahead);
        return Promise.resolve();
      },
    );
    expect(samples).toBe(MINUTES * 60 * RATE);
    expect(windows).toBe((MINUTES * 60 - 2) * 2 + 1);
    expect(input.forgotten).toBeGreaterThan(0);
    // A batch of windows is 5.5 s long; a block of the decoder may be as long again.
    expect(mostAheadSeconds).toBeLessThan(30);
  });
});
