/** `ced store du|verify|gc STORE`: shows what takes space, verifies hashes, removes garbage. */
import type { z } from 'zod';
import { commandLine } from '../../infra/command-line/command-line';
import { numberThat, text } from '../../infra/command-line/option';
import type { Store } from '../../storage/store';
import type { Command } from '../command';
import { printJson } from '../print-json';
import { bytes, grouped } from '../quantities';
import { openExistingStore } from './existing-store';
import { findGarbage, removeUnits } from './store-garbage';
import type { storeGarbageSchema, storeUseSchema, storeVerificationSchema } from './store-output';
import { readStoreUnits, type StoreUnit } from './store-units';
import { verifyStore } from './store-verification';

const DAY_MS = 86_400_000;
const VERBS = ['du', 'verify', 'gc'];

const line = commandLine({
  program: 'ced store',
  usage: 'du|verify|gc STORE [options]',
  about: ['Shows, verifies or cleans up a store.'],
  operands: {
    rows: {
      du: 'show space by kind, and the largest units with their referrers',
      verify:
        'read every object that has a recorded hash and compare; exit status 1 when one is ' +
        'damaged (the next run repairs it). Leftovers of interrupted or superseded work are ' +
        'listed and harmless',
      gc:
        'show the objects that no run, champion or plan refers to and no lease or running ' +
        'training may need; with --yes remove them. This includes the checkpoints of finished ' +
        'trainings',
      STORE: 'the run file\'s "store": a folder, gs://bucket/prefix or s3://bucket/prefix',
    },
    expected: 'du, verify or gc and one store',
    least: 2,
    most: 2,
  },
  options: {
    yes: { help: 'gc: remove instead of only showing' },
    keep: {
      value: 'NAME',
      is: text,
      multiple: true,
      help: 'gc, du: keep units whose name starts so (e.g. training/3f2a); may be repeated',
    },
    'min-age-days': {
      value: 'N',
      is: numberThat((days) => days >= 0, 'a number'),
      default: 14,
      help:
        'gc: keep objects modified more recently, so that running workers lose nothing. Raise it ' +
        'for runs that stay paused for long: an unfinished training that is older counts as ' +
        'abandoned and starts from its first step',
    },
    top: {
      value: 'N',
      is: numberThat((units) => units >= 0, 'a number'),
      default: 20,
      help: 'du: units shown',
    },
    json: { help: 'print one JSON object' },
  },
  examples: [
    'ced store du runs/mine --top 5',
    'ced store verify gs://bucket/mine',
    'ced store gc runs/mine --keep training/3f2a --yes',
  ],
});

export const command: Command = {
  spec: line.spec,
  help: line.help,
  run: async (argv) =>
    await line.run(argv, async ({ values, operands }) => {
      const [verb = '', uri = ''] = operands;
      if (!VERBS.includes(verb)) throw line.misused(`du, verify or gc instead of ${verb}`);
      const store = await openExistingStore('ced store', uri);
      const { keep, top, json } = values;
      switch (verb) {
        case 'du':
          return await du(store, { keep, top, json });
        case 'verify':
          return await verify(store, json);
        default: {
          const minAgeMs = values['min-age-days'] * DAY_MS;
          return await gc(store, { keep, minAgeMs, remove: values.yes, json });
        }
      }
    }),
};

async function du(
  store: Store,
  { keep, top, json }: { keep: readonly string[]; top: number; json: boolean },
): Promise<number> {
  const units = await readStoreUnits(store, keep);
  const kinds = [...new Set(units.map(({ kind }) => kind))].map((kind) => {
    const own = units.filter((unit) => unit.kind === kind);
    return {
      kind,
      units: own.length,
      objects: own.reduce((sum, { objects }) => sum + objects.length, 0),
      bytes: sizeOf(own),
    };
  });
  if (json)
    printJson({
      formatVersion: 1,
      store: store.uri,
      bytes: sizeOf(units),
      kinds,
      units: units.slice(0, top).map(shown),
    } satisfies z.output<typeof storeUseSchema>);
  else {
    const lines = kinds
      .sort((a, b) => b.bytes - a.bytes)
      .map(
        (each) =>
          `${bytes(each.bytes).padStart(9)}  ${each.kind.padEnd(13)} ` +
          `${grouped(each.objects)} objects in ${grouped(each.units)}`,
      );
    const largest = units
      .slice(0, top)
      .map(
        (unit) =>
          `${bytes(unit.bytes).padStart(9)}  ${unit.name}  ` +
          (unit.referredBy.length === 0
            ? 'nothing refers to it'
            : `← ${unit.referredBy.join(', ')}`),
      );
    process.stdout.write(
      [...lines, '', ...largest, '', `${bytes(sizeOf(units))} in ${store.uri}`, ''].join('\n'),
    );
  }
  return 0;
}

async function verify(store: Store, json: boolean): Promise<number> {
  const { verified, damaged, leftOver, unhashed } = await verifyStore(store);
  const found = { store: store.uri, verified, damaged, leftOver, unhashed };
  if (json)
    printJson({ formatVersion: 1, ...found } satisfies z.output<typeof storeVerificationSchema>);
  else {
    for (const { key, why } of damaged) process.stdout.write(`damaged: ${key} (${why})\n`);
    for (const key of leftOver) process.stdout.write(`left over: ${key} (nothing names it)\n`);
    process.stdout.write(
      `${grouped(verified)} objects verified, ${grouped(damaged.length)} damaged, ` +
        `${grouped(leftOver.length)} left over, ${grouped(unhashed)} without a hash\n`,
    );
  }
  return damaged.length === 0 ? 0 : 1;
}

async function gc(
  store: Store,
  {
    keep,
    minAgeMs,
    remove,
    json,
  }: { keep: readonly string[]; minAgeMs: number; remove: boolean; json: boolean },
): Promise<number> {
  const { units, waiting } = await findGarbage(store, await readStoreUnits(store, keep), {
    nowMs: Date.now(),
    minAgeMs,
  });
  if (remove) await removeUnits(store, units);
  if (json)
    printJson({
      formatVersion: 1,
      store: store.uri,
      removed: remove,
      bytes: sizeOf(units),
      units: units.map(shown),
      waiting,
    } satisfies z.output<typeof storeGarbageSchema>);
  else {
    for (const { name, bytes: size } of units)
      process.stdout.write(`${bytes(size).padStart(9)}  ${name}\n`);
    for (const { name, bytes: size, why } of waiting)
      process.stdout.write(`${bytes(size).padStart(9)}  ${name} stays: ${why}\n`);
    const total = `${bytes(sizeOf(units))} in ${grouped(units.length)} units`;
    process.stdout.write(
      remove ? `${total} removed\n` : `${total} would be removed; --yes removes them\n`,
    );
  }
  return 0;
}

function sizeOf(units: readonly StoreUnit[]): number {
  return units.reduce((sum, unit) => sum + unit.bytes, 0);
}

function shown({
  name,
  kind,
  bytes: size,
  newestMs,
  referredBy,
  objects,
}: StoreUnit): z.output<typeof storeUseSchema>['units'][number] {
  return {
    name,
    kind,
    objects: objects.length,
    bytes: size,
    newest: new Date(newestMs).toISOString(),
    referredBy,
  };
}
