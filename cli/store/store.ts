/**
 * `ced store du|verify|gc STORE`: what takes space and who refers to it, whether every hash holds,
 * and what may go.
 */
import { parseArgs } from 'node:util';
import { openStore } from '../../storage/open-store';
import type { Store } from '../../storage/store';
import type { Command } from '../command';
import { UsageError } from '../failure';
import { bytes, grouped } from '../quantities';
import { findGarbage, removeUnits } from './store-garbage';
import { readStoreUnits, type StoreUnit } from './store-units';
import { verifyStore } from './store-verification';

const defaultMinAgeDays = 14;
const DAY_MS = 86_400_000;

const help = `ced store du|verify|gc STORE [options]

  du       what takes space, by kind, and the largest units with who refers to them
  verify   reads everything that has a recorded hash and compares; exit status 1 when something is damaged (the next run mends it)
  gc       shows what no run, champion or plan refers to and no lease or training under way may need; removes it with --yes. Checkpoints of
           finished trainings are among it.

  STORE               the run file's "store": a folder or gs://bucket/prefix
  --yes               gc: remove, instead of only showing
  --keep NAME         gc, du: a unit, or the beginning of its name, that stays (e.g. training/3f2a); may be given several times
  --min-age-days N    gc: what was touched more recently stays, so that running workers lose nothing (default ${defaultMinAgeDays}). Be generous
                      with runs that are paused for long: an unfinished training that old is abandoned, and starts from its first step.
  --top N             du: units shown (default 20)
  --json              the same as JSON
  --help              this text`;

export const command: Command = {
  summary: 'show what takes space in a store, verify it, remove what nothing refers to',
  help,
  async run(argv) {
    const options = {
      yes: { type: 'boolean' },
      keep: { type: 'string', multiple: true },
      'min-age-days': { type: 'string' },
      top: { type: 'string' },
      json: { type: 'boolean' },
    } as const;
    const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true });
    const [what, uri, ...rest] = positionals;
    if (uri === undefined || rest.length > 0)
      throw new UsageError(
        'ced store: expected du, verify or gc and one store; see ced store --help',
      );
    const store = openStore(process.cwd(), uri);
    const json = values.json === true;
    switch (what) {
      case 'du':
        return await du(store, {
          keep: values.keep ?? [],
          top: numberOf('top', values.top, 20),
          json,
        });
      case 'verify':
        return await verify(store, json);
      case 'gc': {
        const minAgeMs =
          numberOf('min-age-days', values['min-age-days'], defaultMinAgeDays) * DAY_MS;
        return await gc(store, {
          keep: values.keep ?? [],
          minAgeMs,
          remove: values.yes === true,
          json,
        });
      }
      default:
        throw new UsageError(`ced store ${what}: expected du, verify or gc; see ced store --help`);
    }
  },
};

async function du(
  store: Store,
  { keep, top, json }: { keep: string[]; top: number; json: boolean },
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
    print({ store: store.uri, bytes: sizeOf(units), kinds, units: units.slice(0, top).map(shown) });
  else {
    const lines = kinds
      .sort((a, b) => b.bytes - a.bytes)
      .map(
        (each) =>
          `${bytes(each.bytes).padStart(9)}  ${each.kind.padEnd(13)} ${grouped(each.objects)} objects in ${grouped(each.units)}`,
      );
    const largest = units
      .slice(0, top)
      .map(
        (unit) =>
          `${bytes(unit.bytes).padStart(9)}  ${unit.name}  ${unit.referredBy.length === 0 ? 'nothing refers to it' : `← ${unit.referredBy.join(', ')}`}`,
      );
    process.stdout.write(
      [...lines, '', ...largest, '', `${bytes(sizeOf(units))} in ${store.uri}`, ''].join('\n'),
    );
  }
  return 0;
}

async function verify(store: Store, json: boolean): Promise<number> {
  const { verified, damaged, unhashed } = await verifyStore(store);
  if (json) print({ store: store.uri, verified, damaged, unhashed });
  else {
    for (const { key, why } of damaged) process.stdout.write(`damaged: ${key} ${why}\n`);
    process.stdout.write(
      `${grouped(verified)} objects verified, ${grouped(damaged.length)} damaged, ${grouped(unhashed)} without a hash\n`,
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
  }: { keep: string[]; minAgeMs: number; remove: boolean; json: boolean },
): Promise<number> {
  const { units, waiting } = await findGarbage(store, await readStoreUnits(store, keep), {
    nowMs: Date.now(),
    minAgeMs,
  });
  if (remove) await removeUnits(store, units);
  if (json)
    print({
      store: store.uri,
      removed: remove,
      bytes: sizeOf(units),
      units: units.map(shown),
      waiting,
    });
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

function shown({ name, kind, bytes: size, newestMs, referredBy, objects }: StoreUnit): object {
  return {
    name,
    kind,
    objects: objects.length,
    bytes: size,
    newest: new Date(newestMs).toISOString(),
    referredBy,
  };
}

function print(value: object): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

function numberOf(option: string, text: string | undefined, otherwise: number): number {
  const value = Number(text ?? otherwise);
  if (!(value >= 0)) throw new UsageError(`ced store: --${option} ${text}: expected a number`);
  return value;
}
