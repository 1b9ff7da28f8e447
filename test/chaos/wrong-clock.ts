/**
 * Loaded into a worker and its engine (`node --require`): their wall clock is off by
 * `CED_CLOCK_OFFSET_MS`. The monotonic clock is nobody's to set.
 */
const offsetMs = Number(process.env['CED_CLOCK_OFFSET_MS'] ?? 0);
const RightDate = Date;
const now = (): number => RightDate.now() + offsetMs;

if (offsetMs !== 0)
  globalThis.Date = class extends RightDate {
    constructor(...parts: unknown[]) {
      super(...((parts.length === 0 ? [now()] : parts) as [number]));
    }
    static override now = now;
  } as DateConstructor;
