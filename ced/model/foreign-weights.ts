/** Names what a file is that stands where a model's weights should. */
import { foreignContent } from '../corpus/foreign-content';

const SAVE_AS_SAFETENSORS = 'save its tensors with safetensors.torch.save_file';

const SIGNATURES: readonly { bytes: readonly number[]; what: string; remedy: string }[] = [
  {
    bytes: [0x50, 0x4b, 3, 4],
    what: 'a file of torch.save (zip)',
    remedy: SAVE_AS_SAFETENSORS,
  },
  { bytes: [0x80, 2], what: 'a Python pickle', remedy: SAVE_AS_SAFETENSORS },
  { bytes: [0x80, 3], what: 'a Python pickle', remedy: SAVE_AS_SAFETENSORS },
  { bytes: [0x80, 4], what: 'a Python pickle', remedy: SAVE_AS_SAFETENSORS },
  { bytes: [0x80, 5], what: 'a Python pickle', remedy: SAVE_AS_SAFETENSORS },
  { bytes: [0x89, 0x48, 0x44, 0x46], what: 'an HDF5 file', remedy: SAVE_AS_SAFETENSORS },
  { bytes: [0x93, 0x4e, 0x55, 0x4d], what: 'a NumPy array', remedy: SAVE_AS_SAFETENSORS },
  { bytes: [0x47, 0x47, 0x55, 0x46], what: 'a GGUF file', remedy: SAVE_AS_SAFETENSORS },
];

/** @returns what it is and the remedy, as the end of a sentence; null where nothing is known */
export function foreignWeights(bytes: Uint8Array, expected: string): string | null {
  if (bytes.length === 0) return `it is empty, not ${expected}; fetch it again`;
  const found =
    SIGNATURES.find((each) => each.bytes.every((byte, at) => bytes[at] === byte)) ??
    foreignContent(bytes);
  return found ? `it is ${found.what}, not ${expected}; ${found.remedy}` : null;
}
