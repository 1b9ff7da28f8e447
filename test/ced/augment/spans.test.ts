import { publishedSpan } from '../../../ced/augment/spans';
import masks from '../../reference/masks.json';

describe("the masks of CED's published seeds", () => {
  it.each(masks.start_and_width)('are exact for u = $u and v = $v', ({ u, v, time, freq }) => {
    expect(publishedSpan(u, v, masks.frames, masks.time_mask_param)).toEqual({
      start: time[0],
      width: time[1],
    });
    expect(publishedSpan(u, v, masks.mels, masks.freq_mask_param)).toEqual({
      start: freq[0],
      width: freq[1],
    });
  });
});
