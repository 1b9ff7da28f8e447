// The model, in a worker, so that the page stays responsive. Takes { id, samples }, gives
// { id, probabilities, milliseconds }; after loading { ready: true }. { id, error } where it fails.
import * as ort from './ort/ort.wasm.min.js';

ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = {
  mjs: new URL('ort/ort-wasm-simd-threaded.js', import.meta.url).href,
};

async function read(name) {
  const response = await fetch(new URL(name, import.meta.url));
  if (!response.ok) throw new Error(`${name}: HTTP status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function load() {
  // Read here, not by the runtime, which complains of servers that do not know the type.
  ort.env.wasm.wasmBinary = await read('ort/ort-wasm-simd-threaded.wasm');
  return await ort.InferenceSession.create(await read('model.onnx'));
}

const loading = load();

loading.then(
  () => postMessage({ ready: true }),
  (error) => postMessage({ error: String(error) }),
);

addEventListener('message', async ({ data: { id, samples } }) => {
  try {
    const session = await loading;
    const started = performance.now();
    const waveform = new ort.Tensor('float32', samples, [1, samples.length]);
    const { probabilities } = await session.run({ waveform }, ['probabilities']);
    const milliseconds = performance.now() - started;
    postMessage({ id, probabilities: probabilities.data, milliseconds });
  } catch (error) {
    postMessage({ id, error: String(error) });
  }
});
