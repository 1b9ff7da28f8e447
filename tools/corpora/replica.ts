/** A small copy of a dataset's layout, and what `ced init` should find in it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AudioWriter, type AudioOptions } from './audio-writer';

export interface Expected {
  /** Begins what `ced init` says it found. */
  layout: string;
  clips: number;
  /** Of all clips together. */
  labels: number;
}

export interface Replica {
  /** Folder or archive that `ced init` is given. */
  place: string;
  expected: Expected;
}

/** Writes a dataset into a folder, and counts its clips and labels. */
export class ReplicaWriter {
  readonly audio: AudioWriter;
  private clips = 0;
  private labels = 0;

  constructor(readonly folder: string) {
    this.audio = new AudioWriter(folder);
  }

  /** A clip of a second, or as long as said. @returns its path below the folder */
  async clip(
    stem: string,
    classes: readonly number[],
    { seconds = 1, ...options }: AudioOptions & { seconds?: number } = {},
  ): Promise<string> {
    const take = { classes, take: this.clips++, seconds };
    this.labels += classes.length;
    return await this.audio.write(stem, take, options);
  }

  text(file: string, text: string): void {
    this.bytes(file, Buffer.from(text));
  }

  bytes(file: string, bytes: Uint8Array): void {
    mkdirSync(dirname(join(this.folder, file)), { recursive: true });
    writeFileSync(join(this.folder, file), bytes);
  }

  lines(file: string, lines: readonly string[]): void {
    this.text(file, `${lines.join('\n')}\n`);
  }

  /** @param layout begins what `ced init` says of it */
  finished(layout: string, place = this.folder): Replica {
    return { place, expected: { layout, clips: this.clips, labels: this.labels } };
  }
}
