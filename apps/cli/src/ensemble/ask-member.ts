import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext } from 'node:tls';
import type { ClientTls } from '@reeve/client';
import { type MemberView, memberView } from './member-view.ts';

/** How long a member may take to answer: one that is slower is not fit to serve. */
const answerMsMax = 3_000;
/** The longest answer that is read, characters. */
const answerMax = 1024 * 1024;
const defaultPort = 2181;

/** Where a coordinator's clients connect. */
export interface ClientPlace {
  readonly host: string;
  readonly port: number;
}

/** The places that a connect string names. */
export function placesOf(connectString: string): ClientPlace[] {
  const [hosts = ''] = connectString.split('/');
  return hosts.split(',').map((text) => {
    const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d+))?$/.exec(text.trim()) ?? [];
    return { host: bracketed ?? plain ?? text.trim(), port: port === undefined ? defaultPort : Number(port) };
  });
}

/** Asks a member what it is and how it is, by four-letter words: `srvr` for the least, `mntr` for more where it is allowed. */
export async function askMember(place: ClientPlace, tls: ClientTls | undefined): Promise<MemberView> {
  const address = `${place.host.includes(':') ? `[${place.host}]` : place.host}:${place.port}`;
  const ask = (word: string) => answerTo(word, place, tls);
  const [srvr, mntr] = await Promise.all([ask('srvr'), ask('mntr')]);
  return memberView(address, srvr, mntr);
}

/** The answer to a four-letter word; `undefined` when there is none. */
function answerTo(word: string, place: ClientPlace, tls: ClientTls | undefined): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = tls === undefined ? connect(place) : secured(place, tls);
    let answer = '';
    const timer = setTimeout(() => socket.destroy(), answerMsMax);
    socket.setEncoding('utf8');
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => socket.write(word));
    socket.on('data', (text) => {
      answer += text;
      if (answer.length > answerMax) socket.destroy();
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(answer === '' ? undefined : answer);
    });
  });
}

function secured({ host, port }: ClientPlace, { ca, cert, key, servername }: ClientTls): Socket {
  const pem = Object.entries({ ca, cert, key }).filter(([, text]) => text !== undefined);
  const secureContext = createSecureContext(
    Object.fromEntries(pem.map(([name, text]) => [name, Buffer.from(text ?? '')])),
  );
  const name = servername ?? (isIP(host) === 0 ? host : undefined);
  return connectTls({ host, port, secureContext, ...(name === undefined ? {} : { servername: name }) });
}
