/**
 * One clip that can't be used. Never fatal by itself: the clip is counted, named in the report and
 * left out.
 */
export type UnreadableReason =
  /** A Git LFS pointer, an archive, a web page. */
  | 'notAudio'
  /** No decoder for these bytes, or for the codec inside. */
  | 'unknownFormat'
  | 'unsupportedCodec'
  /** The container or the stream breaks its own rules. */
  | 'damaged'
  /**
   * No rate that anybody records at, or one whose resampling table would be larger than the audio.
   */
  | 'absurdRate'
  /** It decodes, yet holds no audio: no channel, no sample, or too few for one frame. */
  | 'empty'
  | 'tooShort'
  /** Its channels are copies with opposite signs: their mean is next to nothing. */
  | 'channelsCancel'
  /** More seconds or bytes than are read of one clip. */
  | 'tooLong'
  /** NaN or infinity among the samples. */
  | 'notFinite';

export class ClipUnreadable extends Error {
  readonly code = 'ClipUnreadable';
  override readonly name = 'ClipUnreadable';

  constructor(
    readonly reason: UnreadableReason,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(`${reason}: ${detail}`, options);
  }
}
