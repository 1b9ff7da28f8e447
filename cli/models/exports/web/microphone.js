// The microphone, as blocks of samples. Browsers' processing for calls is off: it would remove the
// sounds that are to be tagged.

/**
 * @param {number} rate wanted; where the browser cannot convert a microphone to it, another
 * @param {(block: Float32Array, rate: number) => void} onBlock mono
 * @returns {Promise<() => Promise<void>>} closes it
 */
export async function openMicrophone(rate, onBlock) {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: {
      channelCount: 1,
      echoCancellation: false,
      noiseSuppression: false,
      autoGainControl: false,
    },
  });
  const { context, source } = sourceOf(stream, rate);
  const close = async () => {
    for (const track of stream.getTracks()) track.stop();
    await context.close();
  };
  try {
    await context.audioWorklet.addModule(new URL('microphone-worklet.js', import.meta.url));
    const node = new AudioWorkletNode(context, 'microphone', {
      channelCount: 1,
      numberOfOutputs: 0,
    });
    node.port.onmessage = ({ data }) => onBlock(data, context.sampleRate);
    source.connect(node);
    await context.resume();
    return close;
  } catch (error) {
    await close();
    throw error;
  }
}

function sourceOf(stream, rate) {
  let context = new AudioContext({ sampleRate: rate });
  try {
    return { context, source: context.createMediaStreamSource(stream) };
  } catch {
    // Firefox joins no microphone to a context of another rate
    void context.close();
    context = new AudioContext();
    return { context, source: context.createMediaStreamSource(stream) };
  }
}
