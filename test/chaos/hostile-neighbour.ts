/**
 * Runs with input that is made to do harm, beside a good run on the same workers. Each must end by
 * itself, with a failure that no retry is made for.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../infra/toolchain';
import { PERMANENT_FAILURES } from '../../workflows/contract/failures';
import { onnxBytes } from '../ced/teachers/onnx-bytes';
import { causeOf } from './failure-type';
import type { Scene } from './scene';

interface Hostile {
  corpus?: Record<string, unknown>;
  teacher?: Record<string, unknown>;
}

/** Each writes its files below a folder, and gives what of the run file is to name them. */
const KINDS: readonly ((folder: string, scene: Scene) => Hostile)[] = [
  function audioThatLies(folder) {
    const header = Buffer.alloc(44);
    header.write('RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\xff\xff', 0, 'latin1');
    header.write('data\xff\xff\xff\xff', 36, 'latin1');
    const files: [string, Buffer][] = [
      ['lying.wav', header],
      ['empty.wav', Buffer.alloc(0)],
      ['flac.flac', Buffer.from('fLaC\x80\xff\xff\xff', 'latin1')],
      ['tags.mp3', Buffer.concat([Buffer.from('ID3\x04\0\0\x7f\x7f\x7f\x7f'), Buffer.alloc(4096)])],
    ];
    for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
    const lines = files.map(([audio]) => JSON.stringify({ clip: audio, audio }));
    writeFileSync(join(folder, 'train.jsonl'), lines.join('\n'));
    return { corpus: { train: join(folder, 'train.jsonl') } };
  },
  function tableOfBytes(folder) {
    writeFileSync(join(folder, 'train.jsonl'), Buffer.alloc(1 << 16, 0xfe));
    return { corpus: { train: join(folder, 'train.jsonl') } };
  },
  function archiveThatNeverEnds(folder) {
    const name = `${'a.'.repeat(40)}wav`;
    const header = Buffer.alloc(512);
    header.write(name, 0, 'latin1');
    header.write('77777777777', 124, 'latin1');
    header.write('ustar\x0000', 257, 'latin1');
    header.write('        ', 148, 'latin1');
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    writeFileSync(join(folder, 'train.tar'), header);
    return { corpus: { train: join(folder, 'train.tar') } };
  },
  function teacherThatNamesOtherFiles(folder) {
    const bytes = onnxBytes([1, 2], { isExternal: true });
    writeFileSync(join(folder, 'net.onnx'), bytes);
    return { teacher: { format: 'onnx', checkpoint: join(folder, 'net.onnx'), output: 'logits' } };
  },
  function teacherThatWritesFiles(folder) {
    const graph = join(repositoryRoot, 'test/reference/savedmodels/writes.pb');
    mkdirSync(join(folder, 'net'));
    copyFileSync(graph, join(folder, 'net/saved_model.pb'));
    return {
      teacher: {
        ...{ format: 'savedmodel', checkpoint: join(folder, 'net'), output: 'probabilities' },
        spectrogramMasks: 'skip',
      },
    };
  },
  function teacherOfALargeDepth(folder, { cluster, teacher }) {
    const own = (teacher as { checkpoint: string }).checkpoint;
    const config = JSON.parse(
      readFileSync(join(cluster.folder, own, 'config.json'), 'utf8'),
    ) as Record<string, unknown>;
    const checkpoint = join(folder, 'deep');
    mkdirSync(checkpoint);
    writeFileSync(join(checkpoint, 'config.json'), JSON.stringify({ ...config, depth: 1e9 }));
    writeFileSync(
      join(checkpoint, 'model.safetensors'),
      readFileSync(join(cluster.folder, own, 'model.safetensors')),
    );
    return { teacher: { format: 'ced', checkpoint } };
  },
];

/** @param draw in [0, 1): which kind. @throws when it does not fail, or not for good */
export async function hostileNeighbour(scene: Scene, name: string, draw: number): Promise<void> {
  const kind = KINDS[Math.floor(draw * KINDS.length)]!;
  const folder = join(scene.cluster.folder, name);
  mkdirSync(folder);
  const { corpus = {}, teacher = {} } = kind(folder, scene);
  const isOwn = Object.keys(teacher).length > 0;
  const vocabulary = teacher['format'] !== 'ced' ? { vocabulary: scene.corpus.vocabulary } : {};
  const run = {
    ...{ name, store: `store-${name}` },
    corpus: { ...scene.corpus, ...corpus },
    teachers: [isOwn ? { name: 'hostile', ...teacher, ...vocabulary } : scene.teacher],
    logits: { views: 2, topK: 4, chunkSeconds: 1, seed: 7 },
    students: [
      {
        ...{ name: 'student', model: { embedDim: 32, depth: 2, heads: 2 } },
        ...{ epochs: 1, batchSize: 8, learningRate: 2e-3, warmupSteps: 1, seed: 3 },
      },
    ],
  };
  const handle = await scene.cluster.client.workflow.start('distill', {
    ...{ taskQueue: 'ced', workflowId: name, args: [run] },
  });
  const end = await handle.result().then(() => 'success', causeOf);
  if (!(PERMANENT_FAILURES as readonly string[]).includes(end))
    throw new Error(`a neighbour (${kind.name}) ended with ${end}`);
}
