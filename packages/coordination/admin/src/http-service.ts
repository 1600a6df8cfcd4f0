import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Logger, messageOf } from '@reeve/base';
import { HttpError, type HttpPlace } from './http-error.ts';

/** Connections at a time: a handful of people and scrapers. */
const connectionsMax = 64;
/** How long a request's head may take to arrive, milliseconds. */
const headMsMax = 10_000;
/** How often that is looked at. */
const headCheckMs = 1_000;
/** How long stopping waits for answers that are under way, milliseconds. */
const stopMsMax = 1_000;

/** A GET that was understood: its path, and the first value of each parameter. */
export interface HttpQuestion {
  readonly path: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** What is answered to it. */
export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** HTTP that is being served. */
export interface HttpService {
  readonly port: number;
  /** Lets what is being answered be read, shortly, and closes everything. */
  stop(): Promise<void>;
}

type Answering = (question: HttpQuestion) => Promise<HttpAnswer>;

/**
 * Answers GET and HEAD with what `answering` makes of them.
 *
 * @throws HttpError when it cannot listen
 */
export async function serveHttp(place: HttpPlace, answering: Answering, logger: Logger): Promise<HttpService> {
  const server = createServer(
    { headersTimeout: Math.min(headMsMax, place.idleMs), connectionsCheckingInterval: headCheckMs },
    (request, response) => void respond(request, response, { answering, logger }),
  );
  server.maxConnections = connectionsMax;
  server.requestTimeout = place.idleMs;
  // Without a listener, a socket on which nothing moves for so long is destroyed: one that does not read, too.
  server.setTimeout(place.idleMs);
  const port = await listen(server, place);
  server.on('error', (error) => logger.warn({ reason: messageOf(error) }, 'an HTTP connection could not be accepted'));
  return { port, stop: () => stop(server) };
}

function listen(server: Server, place: HttpPlace): Promise<number> {
  const { host, port } = place;
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => reject(HttpError.ofListen(error, place));
    server.once('error', failed);
    server.listen({ port, ...(host === '*' ? {} : { host }) }, () => {
      server.off('error', failed);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => server.closeAllConnections(), stopMsMax);
    server.close(() => {
      clearTimeout(late);
      resolve();
    });
    server.closeIdleConnections();
  });
}

interface Work {
  readonly answering: Answering;
  readonly logger: Logger;
}

async function respond(request: IncomingMessage, response: ServerResponse, work: Work): Promise<void> {
  const allow = { allow: 'GET, HEAD, OPTIONS' };
  // What a body says is of no interest, and is not waited for.
  if (request.method === 'GET' || request.method === 'HEAD') {
    const { status, contentType, body } = await answer(request.url ?? '', work);
    send(response, status, { 'content-type': contentType }, body);
  } else if (request.method === 'OPTIONS') send(response, 200, allow, '');
  else send(response, 405, { ...allow, connection: 'close' }, '');
}

function send(response: ServerResponse, status: number, headers: Record<string, string>, body: string): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

async function answer(url: string, { answering, logger }: Work): Promise<HttpAnswer> {
  const question = questionOf(url);
  if (question === undefined) return plain(400, `${url} is no path\n`);
  try {
    return await answering(question);
  } catch (error) {
    logger.error({ url, reason: messageOf(error) }, 'an HTTP request could not be answered');
    return plain(500, 'this should not happen: the log of the coordinator says more\n');
  }
}

function questionOf(url: string): HttpQuestion | undefined {
  try {
    const { pathname, searchParams } = new URL(url, 'http://coordinator');
    const parameters = new Map([...searchParams].reverse());
    return { path: decodeURIComponent(pathname), parameters };
  } catch {
    return undefined;
  }
}

/** An answer for people. */
export function plain(status: number, body: string): HttpAnswer {
  return { status, contentType: 'text/plain; charset=utf-8', body };
}
