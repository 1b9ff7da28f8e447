/**
 * What ffmpeg's filter `ashowinfo` and its decoders say of a clip: whether frames are missing, and
 * where.
 */

/** As versions 5 to 9 word it. */
const LOST_PACKET = /Error (?:while decoding|submitting packet)/;
const FRAME = /ashowinfo.* pts:(-?\d+) .*nb_samples:(\d+)/;

export class FfmpegLog {
  private line = '';
  private lost = 0;
  private frames = 0;
  private isGapless = true;
  /** Sample that the next frame should start at. */
  private next = 0;

  add(text: string): void {
    const lines = (this.line + text).split('\n');
    this.line = lines.pop() ?? '';
    for (const line of lines) this.read(line);
  }

  /** One packet gave nothing, and frames without a gap from the start say that it was the last. */
  get isWholeButForTheEnd(): boolean {
    return this.lost === 1 && this.frames > 0 && this.isGapless;
  }

  private read(line: string): void {
    if (LOST_PACKET.test(line)) this.lost++;
    const [, pts, samples] = FRAME.exec(line) ?? [];
    if (pts === undefined || samples === undefined) return;
    // Containers round times to milliseconds; a packet that is missing shifts them by its length.
    if (Math.abs(Number(pts) - this.next) > Number(samples) / 2) this.isGapless = false;
    this.next = Number(pts) + Number(samples);
    this.frames++;
  }
}
