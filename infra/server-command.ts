/** `npm run server`: the development server in the foreground, until Ctrl-C. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startServer } from './server';
import { repositoryRoot } from './toolchain';

const help = `npm run server [-- options]

Starts the Temporal development server with its state in one SQLite file, and registers the search attributes that runs are listed by.
For workers on other machines: --ip 0.0.0.0, and TEMPORAL_ADDRESS=<this machine>:7233 there. The server has no passwords: keep it inside your network.
Pages of other origins can neither start a run nor read one through it (docs/threats.md).

  --ip ADDRESS        address to listen on (default 127.0.0.1)
  --port N            port for workers and clients (default 7233)
  --ui-port N         port of the web interface (default 8233)
  --ui-host NAME      host name under which browsers open the web interface, repeatable; localhost and IP addresses need none
  --no-ui             no web interface
  --db FILE           SQLite file (default .ced/temporal.db)
  --log-level LEVEL   debug, info, warn, error or never (default warn)`;

const logLevels = ['debug', 'info', 'warn', 'error', 'never'] as const;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h' },
      ip: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '7233' },
      'ui-port': { type: 'string', default: '8233' },
      'ui-host': { type: 'string', multiple: true, default: [] },
      'no-ui': { type: 'boolean', default: false },
      db: { type: 'string', default: join(repositoryRoot, '.ced', 'temporal.db') },
      'log-level': { type: 'string', default: 'warn' },
    },
  });
  if (values.help) return console.log(help);
  const logLevel = logLevels.find((level) => level === values['log-level']);
  if (logLevel === undefined)
    throw new Error(`--log-level ${values['log-level']}: expected one of ${logLevels.join(', ')}`);
  const uiPort = values['no-ui'] ? null : portOf('--ui-port', values['ui-port']);
  const address = `${values.ip}:${portOf('--port', values.port)}`;
  const server = await startServer({
    address,
    dbFile: values.db,
    uiPort,
    uiHostNames: values['ui-host'].map((name) => name.toLowerCase()),
    log: 'inherit',
    logLevel,
  });
  if (server.reused)
    return console.log(
      `A Temporal server already answers at ${address}; its search attributes are registered.`,
    );
  console.log(
    `Temporal server at ${address}${uiPort === null ? '' : `, web interface at http://${values.ip}:${uiPort}`}, state in ${values.db}. Ctrl-C stops it.`,
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void server.stop());
  await server.ended;
}

function portOf(option: string, text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error(`${option} ${text}: expected a port between 1 and 65535`);
  return port;
}

main().catch((error: unknown) => {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
