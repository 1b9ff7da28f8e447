/**
 * The WebAssembly decoders print what they return as errors, a line for every broken frame. While
 * one of them works, those lines are kept from the console; anything else that is printed meanwhile
 * passes.
 */
const DECODERS = /^(@wasm-audio-decoders|mpg123-decoder|libopus|libFLAC|stb_vorbis)/;

let atWork = 0;
let restore = (): void => undefined;

export async function withMutedLogs<T>(work: () => Promise<T>): Promise<T> {
  if (atWork++ === 0) restore = muteDecoders();
  try {
    return await work();
  } finally {
    if (--atWork === 0) restore();
  }
}

function muteDecoders(): () => void {
  const { error, warn } = console;
  const filtered = (print: typeof console.error) => {
    return (...args: unknown[]): void => {
      if (typeof args[0] !== 'string' || !DECODERS.test(args[0])) print.apply(console, args);
    };
  };
  console.error = filtered(error);
  console.warn = filtered(warn);
  return () => Object.assign(console, { error, warn });
}
