/** The engine's side of the thread that commits checkpoints; started with the first of them. */
import { Worker } from 'node:worker_threads';
import type { UncommittedCheckpoint } from '../train/checkpoint-commit';
import { decodeError } from './error-record';
import type { FromCommitThread, ToCommitThread } from './commit-protocol';

interface Commit {
  onWait: () => void;
  resolve: () => void;
  reject: (error: Error) => void;
}

export class CheckpointThread {
  private thread: Worker | null = null;
  private readonly commits = new Map<number, Commit>();
  private nextId = 1;

  /**
   * @param entry compiled thread
   * @param pass resolves when this process may change the store, as after a standstill
   */
  constructor(
    private readonly entry: string,
    private readonly pass: () => Promise<void>,
  ) {}

  /**
   * Resolves when it is committed. The checkpoint is copied at once. @throws with the `code` of
   * what went wrong
   */
  async commit(
    store: string,
    checkpoint: UncommittedCheckpoint,
    onWait: () => void,
  ): Promise<void> {
    const id = this.nextId++;
    const thread = (this.thread ??= this.start());
    await new Promise<void>((resolve, reject) => {
      this.commits.set(id, { onWait, resolve, reject });
      thread.postMessage({ type: 'commit', id, store, checkpoint } satisfies ToCommitThread);
    });
  }

  async end(): Promise<void> {
    await this.thread?.terminate();
  }

  private start(): Worker {
    const thread = new Worker(this.entry);
    thread.unref();
    thread.on('message', (message: FromCommitThread) => this.hear(thread, message));
    const lost = (error: Error): void => {
      this.thread = null;
      for (const { reject } of this.commits.values()) reject(error);
      this.commits.clear();
    };
    thread.on('error', lost);
    thread.on('exit', (code) =>
      lost(new Error(`the thread that commits checkpoints ended (${code})`)),
    );
    return thread;
  }

  private hear(thread: Worker, message: FromCommitThread): void {
    if (message.type === 'askOwnership') {
      const { standstill } = message;
      void this.pass().then(() =>
        thread.postMessage({ type: 'confirmOwnership', standstill } satisfies ToCommitThread),
      );
      return;
    }
    const commit = this.commits.get(message.id);
    if (message.type === 'waiting') return commit?.onWait();
    this.commits.delete(message.id);
    if (message.type === 'done') return commit?.resolve();
    commit?.reject(decodeError(message.error));
  }
}
