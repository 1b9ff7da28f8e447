/** Endings of audio files, each of which some decoder reads. */
const ENDINGS = (
  'wav flac ogg oga opus mp3 mp2 m4a m4b mp4 aac webm mka wma aif aiff aifc w64 caf au snd wv ' +
  'ape tta amr ac3 sph voc'
).split(' ');
const ENDING = new RegExp(`\\.(${ENDINGS.join('|')})$`, 'i');

/** Whether a file is taken for audio where nothing names it: by its ending. */
export function hasAudioEnding(name: string): boolean {
  return ENDING.test(name);
}
