import { decodeTxn, encodeTxn } from '@reeve/tree';
import { Writer } from '@reeve/wire';
import type { LinkId } from '@reeve/zab';
import { messageIn } from '../message-in.ts';
import type { Sabotage, Victim } from '../sabotage.ts';
import { forge, replacedPayload } from './messages.ts';

/** Commits what is on its own disk as if a majority had it. */
export function commitsAlone(): Sabotage {
  const learners = new Learners();
  return {
    event(member, event) {
      const received = messageIn(event);
      if (received?.message.kind === 'ack_epoch') learners.add(member, received.link);
      if (event.kind === 'persisted') {
        for (const link of learners.of(member)) forge(member, link, { kind: 'ack', zxid: event.zxid });
      }
      return event;
    },
    restarting: (member) => learners.forget(member),
  };
}

/** Begins to lead before a quorum has its history. */
export function establishesAlone(): Sabotage {
  return {
    event(member, event) {
      const received = messageIn(event);
      if (received?.message.kind === 'promise') {
        const { epoch } = received.message;
        const zxid = member.disk.lastZxid;
        forge(member, received.link, { kind: 'ack_epoch', epoch, zxid });
      }
      return event;
    },
  };
}

/** Takes its own word for it that others still follow. */
export function answersItsOwnPings(): Sabotage {
  const learners = new Learners();
  let round = 0;
  return {
    event(member, event) {
      const received = messageIn(event);
      if (received?.message.kind === 'ack_epoch') learners.add(member, received.link);
      if (received?.message.kind === 'pong') round = Math.max(round, received.message.round);
      if (event.kind === 'tick') {
        round += 1;
        for (const link of learners.of(member)) forge(member, link, { kind: 'pong', round: round + 1 });
      }
      return event.kind === 'zab' && event.event.kind === 'link_closed' && learners.has(member, event.event.link)
        ? undefined
        : event;
    },
    restarting: (member) => learners.forget(member),
  };
}

/** Ends sessions without their ephemerals where it follows. */
export function keepsEphemerals(): Sabotage {
  return {
    event(_member, event) {
      const received = messageIn(event);
      if (received?.message.kind !== 'propose') return event;
      const { message, link } = received;
      const logged = decodeTxn(received.rest);
      if (logged.txn.kind !== 'close_session') return event;
      const writer = new Writer();
      encodeTxn(writer, logged, { ...logged.txn, ephemerals: [] });
      return replacedPayload(link, message, writer.take());
    },
  };
}

/** Makes the passwords of sessions from a secret of its own. */
export function keepsItsOwnSecret(): Sabotage {
  return {
    options: ({ id }, options) => ({
      ...options,
      sessionPassword: (session) => options.sessionPassword(session, Buffer.from(`of member ${id} alone`)),
    }),
  };
}

/** Its clock is four times as fast as others', so that it ends sessions too soon. */
export function clockRunsAhead(): Sabotage {
  return {
    event(member, event) {
      if (event.kind === 'tick') member.jump(500);
      return event;
    },
  };
}

/** The links over which members are followed. */
class Learners {
  readonly #links = new Map<Victim, Set<LinkId>>();

  add(member: Victim, link: LinkId): void {
    this.#links.set(member, this.of(member).add(link));
  }

  of(member: Victim): Set<LinkId> {
    return this.#links.get(member) ?? new Set();
  }

  has(member: Victim, link: LinkId): boolean {
    return this.of(member).has(link);
  }

  forget(member: Victim): void {
    this.#links.delete(member);
  }
}
