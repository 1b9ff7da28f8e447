import { FfmpegLog } from '../../activities/ingest/ffmpeg-log';

const frame = (pts: number, samples: number): string =>
  `[Parsed_ashowinfo_0 @ 0x5574] n:1 pts:${pts} pts_time:0.1 fmt:s16 channels:1 chlayout:mono ` +
  `rate:8000 nb_samples:${samples} checksum:443939B6 plane_checksums: [ 443939B6 ]\n`;
const start = 'Input #0, wav, from clip:\n  Stream #0:0: Audio: gsm_ms, 8000 Hz, mono, s16\n';
const lost = '[aist#0:0/gsm_ms @ 0x5] Error submitting packet to decoder: Invalid data found\n';
const lostByVersion5 = 'Error while decoding stream #0:0: Invalid data found\n';
const whole = frame(0, 320) + frame(320, 320) + frame(640, 320);

describe('what ffmpeg says of a clip', () => {
  it.each([
    ['its last packet is lost', start + whole + lost, true],
    ['its last packet is lost, in the words of version 5', whole + lostByVersion5, true],
    ['the loss is told before the frames that came before it', lost + whole, true],
    ['times are rounded', frame(0, 320) + lost + frame(324, 320) + frame(636, 320), true],
    ['nothing is lost, and it failed all the same', whole, false],
    ['two packets are lost', whole + lost + lost, false],
    ['a packet in the middle is lost', frame(0, 320) + lost + frame(640, 320), false],
    ['its first packet is lost', lost + frame(320, 320) + frame(640, 320), false],
    ['no frame is left', lost, false],
  ])('tells whether only the end is lost: %s', (_, text, expected) => {
    for (const length of [text.length, 7]) {
      const log = new FfmpegLog();
      for (let at = 0; at < text.length; at += length) log.add(text.slice(at, at + length));
      expect(log.isWholeButForTheEnd).toBe(expected);
    }
  });
});
