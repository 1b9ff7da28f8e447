/**
 * The units of a store, which are kept or removed whole, and their referrers. Results, the
 * champion's ledger and plans are the roots and are never removed; a unit that no root reaches is
 * garbage once it is old enough.
 */
import { layout } from '../../storage/layout';
import { readRecordIfPresent } from '../../storage/record';
import type { Store, StoredObject } from '../../storage/store';
import { planRecord } from '../../storage/corpus/plan-manifest';
import { ingestRecord } from '../../storage/corpus/ingest-manifest';
import { rateRecord } from '../../storage/corpus/rate-manifest';
import { corpusRecord } from '../../storage/corpus/corpus-manifest';
import { trainingRecord } from '../../storage/training/training-manifest';

export interface StoreUnit {
  /** First parts of the keys of its objects, e.g. `logits/<key>`. */
  name: string;
  kind:
    | 'runs'
    | 'plans'
    | 'audio'
    | 'ingest'
    | 'logits'
    | 'outputs'
    | 'models'
    | 'scores'
    | 'training'
    | 'checkpoints'
    | 'attempts'
    | 'quarantine'
    | 'half-written'
    | 'other';
  objects: StoredObject[];
  bytes: number;
  newestMs: number;
  /** Names of units, `keep list`, or `nothing can make it again`; empty = garbage. */
  referredBy: string[];
}

const HASH = /[0-9a-f]{64}/g;
/** Kinds that no reference is needed for. */
const ALWAYS_KEPT: readonly StoreUnit['kind'][] = ['runs', 'plans', 'other'];

/** @param keep names of units, or beginnings of them, that stay whatever refers to them */
export async function readStoreUnits(
  store: Store,
  keep: readonly string[] = [],
): Promise<StoreUnit[]> {
  const units = new Map<string, StoreUnit>();
  for (const object of await store.inventory()) {
    const { name, kind } = unitOf(object.key);
    const unit = units.get(name) ?? {
      name,
      kind,
      objects: [],
      bytes: 0,
      newestMs: 0,
      referredBy: [],
    };
    unit.objects.push(object);
    unit.bytes += object.bytes;
    unit.newestMs = Math.max(unit.newestMs, object.modifiedMs);
    units.set(name, unit);
  }
  const refer = (name: string, by: string): void => {
    const unit = units.get(name);
    if (unit && !unit.referredBy.includes(by)) unit.referredBy.push(by);
  };
  for (const unit of units.values()) {
    if (ALWAYS_KEPT.includes(unit.kind)) unit.referredBy.push('always kept');
    if (keep.some((each) => unit.name.startsWith(each))) unit.referredBy.push('keep list');
  }
  await referFromRuns(store, units, refer);
  await referFromPlans(store, units, refer);
  await referAcross(store, units, refer);
  return [...units.values()].sort((a, b) => b.bytes - a.bytes);
}

type Refer = (name: string, by: string) => void;

/** Results and the champion's ledger name models and logits by their hashes. */
async function referFromRuns(
  store: Store,
  units: Map<string, StoreUnit>,
  refer: Refer,
): Promise<void> {
  for (const { name, kind, objects } of units.values()) {
    if (kind !== 'runs') continue;
    for (const { key } of objects.filter((object) => object.key.endsWith('.json'))) {
      const text = Buffer.from((await store.read(key)) ?? []).toString('utf8');
      for (const [hash] of text.matchAll(HASH))
        for (const place of ['models', 'logits']) refer(`${place}/${hash}`, name);
    }
  }
}

async function referFromPlans(
  store: Store,
  units: Map<string, StoreUnit>,
  refer: Refer,
): Promise<void> {
  const further = ratesOfListings(units);
  for (const { name, kind } of units.values()) {
    if (kind !== 'plans') continue;
    const planKey = name.split('/')[1] ?? '';
    const plan = await readRecordIfPresent(store, layout.plan(planKey), planRecord);
    for (const split of Object.values(plan?.splits ?? {}))
      for (const listing of split?.listings ?? []) {
        refer(layout.ingest(listing), name);
        const ingest = await readRecordIfPresent(store, layout.ingest(listing), ingestRecord);
        if (ingest) refer(`audio/${ingest.audioSha256}`, name);
        for (const key of further.get(listing) ?? []) {
          refer(key, name);
          const atRate = await readRecordIfPresent(store, key, rateRecord);
          if (atRate) refer(`audio/${atRate.audioSha256}`, name);
        }
      }
    const corpus = await readRecordIfPresent(store, layout.corpus(planKey), corpusRecord);
    for (const split of Object.values(corpus?.splits ?? {}))
      for (const { audioSha256 } of split?.shardsOf ?? []) refer(`audio/${audioSha256}`, name);
  }
}

/** Keys of the manifests at further sample rates, by listing. */
function ratesOfListings(units: Map<string, StoreUnit>): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const name of units.keys()) {
    const listing = /^ingest\/([0-9a-f]{64})-\d+\.json$/.exec(name)?.[1];
    if (listing !== undefined) found.set(listing, [...(found.get(listing) ?? []), name]);
  }
  return found;
}

/**
 * Kept logits keep their teachers and what those gave, kept models their scores and the training
 * that made them.
 */
async function referAcross(
  store: Store,
  units: Map<string, StoreUnit>,
  refer: Refer,
): Promise<void> {
  for (const { name, kind, referredBy } of units.values()) {
    if (kind !== 'logits' || referredBy.length === 0) continue;
    const text = Buffer.from((await store.read(`${name}/manifest.json`)) ?? []).toString('utf8');
    for (const [hash] of text.matchAll(HASH))
      // Of a worker they are under its teacherKey, of another teacher under its model.
      for (const place of ['models', 'outputs']) refer(`${place}/${hash}`, name);
  }
  for (const { name, kind, objects } of units.values()) {
    if (kind !== 'training') continue;
    for (const { key } of objects.filter((object) => /\/manifest[^/]*\.json$/.test(object.key))) {
      const model = `models/${(await readRecordIfPresent(store, key, trainingRecord))?.sha256}`;
      if ((units.get(model)?.referredBy.length ?? 0) > 0) refer(name, model);
    }
    // Its checkpoints serve until the whole training is done.
    if (!isFinished(units.get(name)) && (units.get(name)?.referredBy.length ?? 0) > 0)
      refer(`${name}/checkpoints`, name);
  }
  for (const { name, kind } of units.values()) {
    const model = `models/${name.split('/')[1] ?? ''}`;
    if (kind === 'scores' && (units.get(model)?.referredBy.length ?? 0) > 0) refer(name, model);
  }
}

function isFinished(training: StoreUnit | undefined): boolean {
  return training?.objects.some(({ key }) => key.endsWith('/manifest.json')) ?? false;
}

/**
 * Trainings that have no result yet and were touched after `sinceMs`: what they stand on is known
 * to their workflows only.
 */
export function trainingsUnderWay(units: readonly StoreUnit[], sinceMs: number): string[] {
  const finished = new Set(
    units.filter((unit) => unit.kind === 'training' && isFinished(unit)).map(({ name }) => name),
  );
  const young = units.filter(
    ({ kind, newestMs }) => (kind === 'training' || kind === 'checkpoints') && newestMs > sinceMs,
  );
  const names = young.map(({ name }) => name.split('/').slice(0, 2).join('/'));
  return [...new Set(names)].filter((name) => !finished.has(name));
}

function unitOf(key: string): Pick<StoreUnit, 'name' | 'kind'> {
  const [place = '', second = '', third = ''] = key.split('/');
  if (key.includes('.writing-')) return { name: key, kind: 'half-written' };
  switch (place) {
    case 'runs':
    case 'champion':
      return { name: place === 'runs' ? `runs/${second}` : place, kind: 'runs' };
    case 'quarantine':
      return { name: key, kind: 'quarantine' };
    case 'training':
      return third === 'checkpoints' || third === 'best'
        ? { name: `training/${second}/checkpoints`, kind: 'checkpoints' }
        : { name: `training/${second}`, kind: 'training' };
    case 'audio':
      return { name: `audio/${second.split('.', 1)[0]}`, kind: 'audio' };
    case 'attempts':
    case 'plans':
    case 'logits':
    case 'outputs':
    case 'models':
    case 'scores':
      return { name: `${place}/${second}`, kind: place };
    case 'ingest':
      return { name: key, kind: 'ingest' };
    default:
      return { name: place, kind: 'other' };
  }
}
