import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startProcess, type TestProcess } from '@reeve/testkit';
import type { GivenConfig } from '../src/config.ts';

const serve = fileURLToPath(new URL('fixtures/serve.mjs', import.meta.url));

/** What a process under test may be told: what can be written as JSON. */
export type ServingConfig = Omit<GivenConfig, 'fourLetterWords'> & { readonly fourLetterWords?: 'all' };

/** A coordinator in a process of its own. */
export interface Serving {
  readonly child: TestProcess;
  readonly port: number;
  readonly recovered: { readonly lastZxid: number; readonly tornBytes: number };
}

/** Starts a coordinator, and waits until it listens. The workspace must be built. */
export async function serving(config: ServingConfig): Promise<Serving> {
  const child = await launched(config);
  const [, port, recovered] = await child.line(/listening on (\d+) with (.*)/);
  return { child, port: Number(port), recovered: JSON.parse(recovered as string) };
}

/** Starts a coordinator that may well refuse to serve. */
export function launched(config: ServingConfig): Promise<TestProcess> {
  return startProcess([process.execPath, serve, JSON.stringify(config)]);
}

export async function killed({ child }: Serving): Promise<void> {
  child.kill('SIGKILL');
  await child.exited;
}

/** The memory of a process that is in use, bytes. */
export function residentBytes({ child }: Serving): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** The files and sockets that a process has open. */
export function openDescriptors({ child }: Serving): number {
  return readdirSync(`/proc/${child.pid}/fd`).length;
}

/** How many rounds a long test makes: few unless the environment asks for more. */
export function rounds(variable: string, few: number): number {
  return Number(process.env[variable] ?? few);
}
