/** Where workers come to a training: its leader's worker listens there, and asks for its token. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { TrainingLeader } from '../../workflows/contract/activities';
import { helloSchema, WorkerLine, type ToLeader } from './worker-line';

/** For the first message of a connection. */
const HELLO_MS = 10_000;

/** A worker that has the token. */
export interface Arrival {
  line: WorkerLine;
  /** Where its engine will listen. */
  host: string;
  port: number;
}

export interface Admitted {
  onMessage(message: ToLeader): void;
  /** The connection is closed, unless this end closed it. */
  onLost(): void;
}

export class GroupEntrance {
  private readonly token = randomBytes(16).toString('hex');

  private constructor(
    private readonly server: Server,
    private readonly address: string,
    private readonly admit: (arrival: Arrival) => Admitted,
  ) {
    server.on('connection', (socket) => this.welcome(socket));
  }

  /** @param address of this worker, the only one at which it listens */
  static async open(
    address: string,
    admit: (arrival: Arrival) => Admitted,
  ): Promise<GroupEntrance> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(0, address, resolve);
    });
    return new GroupEntrance(server, address, admit);
  }

  /** Where members find it. */
  get place(): Omit<TrainingLeader, 'model'> {
    const { port } = this.server.address() as AddressInfo;
    return { host: this.address, port, token: this.token };
  }

  /** Connections of those admitted stay open. */
  close(): void {
    this.server.close();
  }

  private welcome(socket: Socket): void {
    let admitted: Admitted | null = null;
    const line = new WorkerLine(
      socket,
      (message) => {
        if (admitted) admitted.onMessage(message as ToLeader);
        else admitted = this.admit({ line, ...this.checked(message) });
      },
      () => admitted?.onLost(),
    );
    setTimeout(() => admitted ?? line.close(), HELLO_MS).unref();
  }

  /** @throws for a stranger */
  private checked(hello: unknown): Omit<Arrival, 'line'> {
    const { token, host, port } = helloSchema.parse(hello);
    const given = Buffer.from(token);
    const own = Buffer.from(this.token);
    if (given.length !== own.length || !timingSafeEqual(given, own))
      throw new Error('it does not belong to this training');
    return { host, port };
  }
}
