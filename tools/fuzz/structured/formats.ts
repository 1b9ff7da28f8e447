/** The formats that are made to lie. */
import type { StructuredFormat } from './forgery';
import { configFormat } from './config';
import { flacFormat } from './flac';
import { hdf5Format } from './hdf5';
import { jsonlFormat } from './jsonl';
import { mp3Format } from './mp3';
import { oggFormat } from './ogg';
import { onnxFormat } from './onnx';
import { opusFormat } from './opus';
import { parquetFormat } from './parquet';
import { runFileFormat } from './run-file';
import { safetensorsFormat } from './safetensors';
import { tarFormat } from './tar';
import { wavFormat } from './wav';

type Open = (root: string) => StructuredFormat | Promise<StructuredFormat>;

/** @param root of the repository */
const OPEN = {
  wav: wavFormat,
  flac: flacFormat,
  ogg: oggFormat,
  opus: opusFormat,
  mp3: mp3Format,
  tar: tarFormat,
  safetensors: safetensorsFormat,
  config: configFormat,
  onnx: onnxFormat,
  parquet: parquetFormat,
  hdf5: hdf5Format,
  jsonl: jsonlFormat,
  run: runFileFormat,
} as const satisfies Record<string, Open>;

export type StructuredFormatName = keyof typeof OPEN;
export const STRUCTURED_FORMATS = Object.keys(OPEN) as StructuredFormatName[];

export async function openFormat(
  name: StructuredFormatName,
  root: string,
): Promise<StructuredFormat> {
  return await (OPEN[name] as Open)(root);
}
