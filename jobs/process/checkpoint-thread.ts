/**
 * The engine's side of the thread that commits checkpoints; started with the first of them. A
 * thread and the commits that it was given belong to one object, and a new thread starts only after
 * the one before it has exited: a late exit cannot reject a later commit, and no two threads write.
 */
import { Worker } from 'node:worker_threads';
import { tensorMemory, type UncommittedCheckpoint } from '../train/checkpoint-commit';
import { decodeError } from './error-record';
import type { FromCommitThread, ToCommitThread } from './commit-protocol';

interface Commit {
  onWait: () => void;
  resolve: () => void;
  reject: (error: Error) => void;
}

export class CheckpointThread {
  private thread: RunningThread | null = null;

  /**
   * @param entry compiled thread
   * @param pass resolves when this process may change the store, as after a standstill
   */
  constructor(
    private readonly entry: string,
    private readonly pass: () => Promise<void>,
  ) {}

  /**
   * Takes the checkpoint's tensors over: their arrays are empty for the caller from then on, or,
   * where the thread before has to exit first, from its exit on. Resolves when it is committed.
   * @throws with the `code` of the failure
   */
  async commit(
    store: string,
    checkpoint: UncommittedCheckpoint,
    onWait: () => void,
  ): Promise<void> {
    while (this.thread?.isLost) await this.exited(this.thread);
    this.thread ??= new RunningThread(this.entry, this.pass);
    await this.thread.commit(store, checkpoint, onWait);
  }

  async end(): Promise<void> {
    await this.thread?.end();
  }

  private async exited(thread: RunningThread): Promise<void> {
    await thread.exited;
    if (this.thread === thread) this.thread = null;
  }
}

class RunningThread {
  readonly exited: Promise<void>;
  private readonly thread: Worker;
  private readonly commits = new Map<number, Commit>();
  private nextId = 1;
  private lost = false;

  constructor(
    entry: string,
    private readonly pass: () => Promise<void>,
  ) {
    this.thread = new Worker(entry);
    this.thread.unref();
    this.thread.on('message', (message: FromCommitThread) => this.onMessage(message));
    this.thread.on('error', (error) => this.lose(error));
    this.exited = new Promise((resolve) =>
      this.thread.once('exit', (code) => {
        this.lose(new Error(`the thread that commits checkpoints ended (${code})`));
        resolve();
      }),
    );
  }

  get isLost(): boolean {
    return this.lost;
  }

  async commit(
    store: string,
    checkpoint: UncommittedCheckpoint,
    onWait: () => void,
  ): Promise<void> {
    const id = this.nextId++;
    await new Promise<void>((resolve, reject) => {
      this.commits.set(id, { onWait, resolve, reject });
      this.tell({ type: 'commit', id, store, checkpoint }, tensorMemory(checkpoint));
    });
  }

  async end(): Promise<void> {
    await this.thread.terminate();
  }

  private lose(error: Error): void {
    this.lost = true;
    for (const { reject } of this.commits.values()) reject(error);
    this.commits.clear();
  }

  private onMessage(message: FromCommitThread): void {
    if (message.type === 'askOwnership') {
      const { standstill } = message;
      void this.pass().then(() => this.tell({ type: 'confirmOwnership', standstill }));
      return;
    }
    const commit = this.commits.get(message.id);
    if (message.type === 'waiting') return commit?.onWait();
    this.commits.delete(message.id);
    if (message.type === 'done') return commit?.resolve();
    commit?.reject(decodeError(message.error));
  }

  private tell(message: ToCommitThread, memory: ArrayBuffer[] = []): void {
    this.thread.postMessage(message, memory);
  }
}
