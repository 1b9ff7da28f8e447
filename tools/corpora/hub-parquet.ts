/** Parquet files of clips with the metadata that Hugging Face's `datasets` writes. */
import { gzipSync } from 'node:zlib';
import type { CompressionCodec, SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';

export interface HubRow {
  audio: { bytes: Uint8Array | null; path: string | null } | null;
  label: number | null;
}

export interface HubFile {
  /** Of the classes; absent = the column is called `label` and nothing is said of it. */
  names?: string[];
  rowGroupSize?: number;
  pageSize?: number;
  codec?: CompressionCodec;
  /** Without the label column. */
  unlabelled?: boolean;
}

export function encodeHubParquet(rows: readonly HubRow[], file: HubFile = {}): Uint8Array {
  const { names, rowGroupSize = 100, pageSize = 1 << 20, codec = 'SNAPPY', unlabelled } = file;
  const schema: SchemaElement[] = [
    { name: 'schema', num_children: unlabelled ? 1 : 2 },
    { name: 'audio', repetition_type: 'OPTIONAL', num_children: 2 },
    { name: 'bytes', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
    { name: 'path', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL', converted_type: 'UTF8' },
    ...(unlabelled ? [] : [{ name: 'label', type: 'INT64', repetition_type: 'OPTIONAL' } as const]),
  ];
  const features = {
    audio: { sampling_rate: 16_000, _type: 'Audio' },
    ...(names ? { label: { names, _type: 'ClassLabel' } } : {}),
  };
  const writer = new ByteWriter(1 << 16);
  const parquet = new ParquetWriter({
    writer,
    schema,
    codec,
    compressors: { GZIP: (page: Uint8Array) => gzipSync(page) },
    kvMetadata: [{ key: 'huggingface', value: JSON.stringify({ info: { features } }) }],
  });
  void parquet.write({
    columnData: [
      { name: 'audio', data: rows.map(({ audio }) => audio) },
      ...(unlabelled
        ? []
        : [
            {
              name: 'label',
              data: rows.map(({ label }) => (label === null ? null : BigInt(label))),
            },
          ]),
    ],
    rowGroupSize,
    pageSize,
  });
  void parquet.finish();
  return writer.getBytes().slice();
}
