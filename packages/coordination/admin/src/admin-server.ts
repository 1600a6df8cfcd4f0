import type { Logger } from '@reeve/base';
import type { AdminConfig, CoordinatorReport } from '@reeve/server';
import { commands, runCommand } from './commands.ts';
import type { HttpPlace } from './http-error.ts';
import { type HttpAnswer, type HttpQuestion, type HttpService, plain, serveHttp } from './http-service.ts';
import { jsonText } from './json-text.ts';

/**
 * Serves ZooKeeper's admin commands: `GET /commands` lists them, `GET /commands/<name>` answers JSON.
 *
 * @param report what the coordinator says of itself at the moment of the call
 * @throws HttpError when it cannot listen
 */
export function serveAdmin(config: AdminConfig, report: () => CoordinatorReport, logger: Logger): Promise<HttpService> {
  const { host, port, idleMs, commandUrl } = config;
  const settings = { host: 'admin.serverAddress, --host', port: 'admin.serverPort, --admin-port' };
  const place: HttpPlace = { host, port, idleMs, settings };
  return serveHttp(place, (question) => answer(question, commandUrl, report), logger);
}

async function answer(question: HttpQuestion, root: string, report: () => CoordinatorReport): Promise<HttpAnswer> {
  const { path, parameters } = question;
  if (path === root || path === `${root}/`)
    return { status: 200, contentType: 'text/html; charset=utf-8', body: list(root) };
  if (!path.startsWith(`${root}/`)) return plain(404, `nothing is here: the commands are at ${root}\n`);
  const fields = await runCommand(path.slice(root.length + 1), report(), parameters);
  return { status: 200, contentType: 'application/json', body: jsonText(fields) };
}

function list(root: string): string {
  return commands.map(({ name }) => `<a href="${root}/${name}">${name}</a>\n<br/>\n`).join('');
}
