// Progress in plain lines, legible in a terminal and in a CI log.

/**
 * Returns `step(name, work)`; work gets `report(message)`. A quiet set-up prints only steps that
 * report something.
 */
export function startProgress(quiet) {
  return async function step(name, work) {
    const startedAt = Date.now();
    let last = '';
    const report = (message) => {
      if (message === last) return;
      last = message;
      process.stderr.write(`set-up: ${name}: ${message}\n`);
    };
    await work(report);
    if (!quiet || last !== '')
      process.stderr.write(
        `set-up: ${name}: ready (${((Date.now() - startedAt) / 1000).toFixed(1)} s)\n`,
      );
  };
}
