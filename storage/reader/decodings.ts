/** What a reader process can decode; every value crosses a process border by structured clone. */
import { readPublishedRows, readPublishedSpans } from '../../ced/logits/published/published-file';
import { readExcerpt, type Cell, type ExcerptQuestion } from '../../ced/parquet/parquet-excerpt';
import { readOutline, type ParquetOutline } from '../../ced/parquet/parquet-outline';
import { FormatInvalid } from '../../ced/format-invalid';
import { TeacherInvalid } from '../../ced/teachers/teacher-invalid';
import {
  probeOnnx,
  probeRates,
  probeShortest,
  type ProbedTeacher,
  type ProbeResult,
} from '../../ced/teachers/waveform-probe';

export const decodings = {
  publishedRows: readPublishedRows,
  publishedSpans: readPublishedSpans,
  parquetOutline: (
    bytes: Uint8Array,
    _name: string,
    fileBytes?: unknown,
  ): Promise<ParquetOutline> =>
    Promise.resolve(bytes).then((footer) => readOutline(footer, Number(fileBytes))),
  parquetExcerpt: (bytes: Uint8Array, _name: string, question?: unknown): Promise<Cell[][]> =>
    Promise.resolve(bytes).then((excerpt) => readExcerpt(excerpt, question as ExcerptQuestion)),
  onnxProbe: (bytes: Uint8Array, path: string, teacher?: unknown): Promise<ProbeResult> =>
    ofTeacher(probeOnnx(modelOf(bytes, path, teacher), teacher as ProbedTeacher)),
  onnxShortest: (bytes: Uint8Array, path: string, teacher?: unknown): Promise<number | null> =>
    ofTeacher(probeShortest(modelOf(bytes, path, teacher), teacher as ProbedTeacher)),
  onnxRates: (bytes: Uint8Array, path: string, teacher?: unknown): Promise<string> =>
    ofTeacher(probeRates(modelOf(bytes, path, teacher), teacher as ProbedTeacher)),
} satisfies Record<
  string,
  (bytes: Uint8Array, name: string, question?: unknown) => Promise<unknown>
>;

export type DecodingKind = keyof typeof decodings;
export type Decoded<K extends DecodingKind> = Awaited<ReturnType<(typeof decodings)[K]>>;

/** Of a network whose values lie beside its file, the path: onnxruntime looks for them there. */
function modelOf(bytes: Uint8Array, path: string, teacher: unknown): Uint8Array | string {
  return (teacher as ProbedTeacher).isExternal === true ? path : bytes;
}

async function ofTeacher<T>(work: Promise<T>): Promise<T> {
  return await work.catch((error: unknown) => {
    if (!(error instanceof TeacherInvalid)) throw error;
    throw new FormatInvalid('teacher', error.message);
  });
}
