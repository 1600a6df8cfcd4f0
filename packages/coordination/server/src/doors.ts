import type { Logger } from '@reeve/base';
import { Admission } from './admission.ts';
import { ClientConnection } from './client-connection.ts';
import type { CoordinatorConfig } from './config.ts';
import { type Accepted, Listener } from './listener.ts';
import type { Member } from './member.ts';
import { type OpenGate, openGate } from './security/open-gate.ts';
import { SparingLog } from './sparing-log.ts';

/** Where clients come in. */
export interface Doors {
  /** Lets nobody in any more. Those that are in stay. */
  close(): void;
}

/** What doors are made of. */
export interface DoorParts {
  readonly config: CoordinatorConfig;
  readonly logger: Logger;
  readonly member: Member;
}

/**
 * Lets clients in. When that fails the member is stopped.
 *
 * @throws SecurityError, ServerError
 */
export async function openDoors({ config, logger, member }: DoorParts): Promise<Doors> {
  let lastId = 0;
  const accept = (client: Accepted) => {
    lastId += 1;
    member.add(new ClientConnection(lastId, client, member));
  };
  const complaints = new SparingLog(logger);
  const admission = new Admission({ config, complaints, totals: member.totals });
  let secure: OpenGate | undefined;
  try {
    const tls = config.tls && { config: config.tls, logger, complaints };
    secure = tls && (await openGate(tls, (socket, x509) => accept({ socket, x509 })));
    const listener = new Listener({ config, complaints, admission, gate: secure?.gate, accept });
    member.ports = await listener.listen();
    return {
      close() {
        secure?.forget();
        listener.stop();
      },
    };
  } catch (error) {
    secure?.forget();
    await member.stop();
    throw error;
  }
}
