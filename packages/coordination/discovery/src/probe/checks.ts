import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { codeOf, messageOf } from '@reeve/base';
import { probeFailed } from '../discovery-error.ts';
import type { Check } from './probe.ts';

/** How much of what a command writes is kept to say why it failed, characters. */
const OUTPUT_CHARACTERS_MAX = 4_096;
/** The statuses that mean "well": success, and being sent elsewhere. */
const STATUS_MIN = 200;
const STATUS_MAX = 399;

/** Well is what answers a GET of `url` with a status from 200 to 399. */
export function httpCheck(url: string): Check {
  return async (signal) => {
    const response = await fetch(url, { signal, redirect: 'manual' }).catch((error) => {
      throw probeFailed(`GET ${url}: ${reasonIn((error as Error).cause ?? error)}`, { cause: error });
    });
    // Whatever the answer says is not read.
    await response.body?.cancel();
    const { status } = response;
    if (status < STATUS_MIN || status > STATUS_MAX) throw probeFailed(`GET ${url}: status ${status}`);
  };
}

/** Well is what accepts a connection. */
export function tcpCheck({ host, port }: { readonly host: string; readonly port: number }): Check {
  return (signal) =>
    new Promise((resolve, reject) => {
      const socket = connect({ host, port, signal });
      socket.once('connect', () => {
        socket.destroy();
        resolve(undefined);
      });
      socket.once('error', (error) => {
        socket.destroy();
        reject(probeFailed(`${host}:${port}: ${reasonIn(error)}`, { cause: error }));
      });
    });
}

/** Well is when a command ends with exit code 0. It is killed with all that it has started when its time is up. */
export function commandCheck(line: readonly string[]): Check {
  const [file = '', ...rest] = line;
  return (signal) =>
    new Promise((resolve, reject) => {
      // A process group of its own, so that nothing which it has started stays behind.
      const child = spawn(file, rest, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
      const kill = () => killGroup(child.pid);
      signal.addEventListener('abort', kill, { once: true });
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said = `${said}${text}`.slice(-OUTPUT_CHARACTERS_MAX);
      });
      child.once('error', (error) => reject(probeFailed(`${file}: ${reasonIn(error)}`, { cause: error })));
      child.once('exit', (code) => {
        signal.removeEventListener('abort', kill);
        if (code === 0) resolve(undefined);
        // What it has left behind would keep its last words from us.
        else kill();
      });
      child.once('close', (code, killedBy) => {
        const last = said.trim().split('\n').at(-1) ?? '';
        reject(probeFailed(`${file}: ${killedBy ?? `exit code ${code}`}${last === '' ? '' : `: ${last}`}`));
      });
    });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended in this moment.
  }
}

/** An error of several addresses that were tried has a code and no message. */
function reasonIn(error: unknown): string {
  return messageOf(error) || (codeOf(error) ?? 'it cannot be reached');
}
