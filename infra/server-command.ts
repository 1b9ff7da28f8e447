/** `npm run server`: the development server in the foreground, until Ctrl-C. */
import { commandLine } from './command-line/command-line';
import { oneOf, port, text } from './command-line/option';
import { asTypedHere, projectRoot } from './package-root';
import { databaseFile, DEFAULT_PORT, DEFAULT_UI_PORT, startServer } from './server';

const line = commandLine({
  program: 'npm run server',
  usage: '[options]',
  about: [
    'Starts the Temporal development server with its state in one SQLite file, and registers the ' +
      'search attributes of runs. For workers on other machines: --ip 0.0.0.0 here, and ' +
      'TEMPORAL_ADDRESS=<this machine>:7233 there. The server has no passwords: keep it inside ' +
      'your network. Pages of other origins can neither start a run nor read one through it ' +
      '(docs/threats.md).',
  ],
  options: {
    ip: { value: 'ADDRESS', is: text, default: '127.0.0.1', help: 'address to listen on' },
    port: { value: 'N', is: port, default: DEFAULT_PORT, help: 'port for workers and clients' },
    'ui-port': {
      value: 'N',
      is: port,
      default: DEFAULT_UI_PORT,
      help: 'port of the web interface',
    },
    'ui-host': {
      value: 'NAME',
      is: text,
      multiple: true,
      help:
        'host name under which browsers open the web interface, repeatable; localhost and IP ' +
        'addresses need none',
    },
    'no-ui': { help: 'no web interface' },
    db: {
      value: 'FILE',
      is: text,
      shown: 'runs/temporal.db, which npm start has too',
      help: 'SQLite file',
    },
    'log-level': {
      value: 'LEVEL',
      is: oneOf('debug', 'info', 'warn', 'error', 'never'),
      default: 'warn',
      help: 'debug, info, warn, error or never',
    },
  },
  examples: ['npm run server', 'npm run server -- --ip 0.0.0.0 --no-ui --db /data/temporal.db'],
});

export const SERVER_SPEC = line.spec;

async function main(argv: readonly string[]): Promise<number> {
  return await line.run(argv, async ({ values }) => {
    const uiPort = values['no-ui'] ? null : values['ui-port'];
    const address = `${values.ip}:${values.port}`;
    const dbFile = values.db ?? databaseFile(projectRoot, values.port);
    const server = await startServer({
      address,
      dbFile,
      uiPort,
      uiHostNames: values['ui-host'].map((name) => name.toLowerCase()),
      log: 'inherit',
      logLevel: values['log-level'],
    });
    if (server.reused) {
      console.log(
        `A Temporal server already answers at ${address}; its search attributes are registered.`,
      );
      return 0;
    }
    const ui = uiPort === null ? '' : `, web interface at http://${values.ip}:${uiPort}`;
    console.log(`Temporal server at ${address}${ui}, state in ${dbFile}. Ctrl-C stops it.`);
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => void server.stop());
    await server.ended;
    return 0;
  });
}

if (require.main === module)
  main(process.argv.slice(2)).then(
    (status) => (process.exitCode = status),
    (error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      console.error(asTypedHere(`error: ${message}`));
      process.exitCode = 1;
    },
  );
