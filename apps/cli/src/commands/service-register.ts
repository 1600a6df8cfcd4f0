import { messageOf } from '@reeve/base';
import { endpointOf, Registration, type RegistrationEvent, type RegistrationOptions } from '@reeve/discovery';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { usageError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { type Address, address } from '../input/address.ts';
import { duration } from '../input/duration.ts';
import { port } from '../input/numbers.ts';
import { addPair, type Pairs } from '../input/pairs.ts';
import { probeCheck, probeForms } from '../input/probe-line.ts';
import { type RunningLine, runLine } from '../processes/run-line.ts';
import { withSettings } from '../settings.ts';
import { type Act, examples } from './act.ts';
import { servicesRoot, withSessions } from './service-sessions.ts';

/** How long a person waits without a word before it is said what is waited for, milliseconds. */
const PATIENCE_MS = 1_000;
const GRACE_MS = 5_000;

interface RawRegister {
  readonly address?: Address;
  readonly sslPort?: number;
  readonly id?: string;
  readonly meta?: Pairs;
  readonly label?: Pairs;
  readonly weight?: number;
  readonly uriSpec?: string;
  readonly probe?: string;
  readonly probeInterval?: number;
  readonly probeTimeout?: number;
  readonly grace?: number;
  readonly sessionTimeout?: number;
}

const help = examples(
  'reeve service register api --address 10.0.0.7:8080 --probe http://10.0.0.7:8080/health',
  'reeve service register api --address 10.0.0.7:8080 --label zone=a --weight 2 -- node server.js',
  "reeve service register db --address 10.0.0.9:5432 --probe 'cmd:pg_isready -h 10.0.0.9'",
);

/** `reeve service register`: one instance, as long as this, or a command, runs. */
export function addServiceRegister(service: Command, act: Act, line: readonly string[] | undefined): void {
  const command = service
    .command('register')
    .description(
      'Registers an instance for as long as this runs, or the command behind "--". Ctrl-C drains it: callers are told, and it is gone after the grace.',
    )
    .usage('[options] NAME --address HOST:PORT [-- COMMAND [ARG…]]')
    .argument('<name>', 'the service')
    .option('-a, --address <host:port>', 'where callers reach it', address)
    .option('--ssl-port <port>', 'where it speaks TLS', port)
    .option('--id <id>', 'its name among the instances (default: drawn by chance)')
    .option('--meta <name=value>', 'something to say of it; may be repeated', addPair)
    .option('--label <name=value>', 'something to choose it by, such as zone=a; may be repeated', addPair)
    .option('--weight <number>', 'its share of the calls beside that of others (default: 1)', positive)
    .option('--uri-spec <text>', 'how to address it, such as {scheme}://{address}:{port}/v1')
    .option('--probe <probe>', `look after it, and have it passed over while it is not well: ${probeForms}`)
    .option('--probe-interval <duration>', 'from one probe to the next (default: 5s)', duration)
    .option('--probe-timeout <duration>', 'how long a probe may take (default: 2s)', duration)
    .option('--grace <duration>', 'how long to go on while it drains (default: 5s)', duration)
    .option('--session-timeout <duration>', 'how soon others notice when it is killed (default: 10s)', duration);
  withSettings(command)
    .addHelpText('after', help)
    .action((name: string, raw: RawRegister, self: Command) =>
      act(self, (context) => register(context, { name, raw, line })),
    );
}

interface Asked {
  readonly name: string;
  readonly raw: RawRegister;
  readonly line: readonly string[] | undefined;
}

async function register(context: Context, asked: Asked): Promise<ExitCode> {
  const { raw, line } = asked;
  const { grace: graceMs = GRACE_MS } = raw;
  const options = optionsOf(context, asked);
  const work = async (registration: Registration) => {
    const running = line === undefined ? undefined : await runLine(line, environmentOf(registration));
    try {
      return await offer(context, { registration, running, graceMs });
    } finally {
      await registration.stop();
      await running?.end({ graceMs });
    }
  };
  return withSessions(context, (sessions) => work(new Registration(sessions, options)), {
    sessionTimeoutMs: raw.sessionTimeout,
  });
}

interface Offer {
  readonly registration: Registration;
  readonly running: RunningLine | undefined;
  readonly graceMs: number;
}

/** Registered until the command ends, or somebody stops us: then it drains, while the command goes on. */
async function offer(context: Context, { registration, running, graceMs }: Offer): Promise<ExitCode> {
  const commandEnded = new AbortController();
  void running?.ended.then(() => commandEnded.abort());
  const lost = new Promise<never>((_, reject) => {
    registration.events.subscribe((event) => {
      void tell(context, registration, event, running);
      if (event.kind === 'lost') reject(event.cause);
    });
  });
  lost.catch(() => undefined);
  const end = AbortSignal.any([context.stop, commandEnded.signal]);
  const stillWaiting = setTimeout(() => context.output.note(waitingNote(registration)), PATIENCE_MS);
  try {
    await registration.start({ signal: end });
  } catch (error) {
    if (!end.aborted) throw error;
  } finally {
    clearTimeout(stillWaiting);
  }
  await Promise.race([aborted(end), lost]);
  if (!commandEnded.signal.aborted) await registration.drain({ graceMs, signal: commandEnded.signal });
  if (running === undefined) return exitCodes.ok;
  return commandEnded.signal.aborted && !context.stop.aborted ? running.ended : exitCodes.interrupted;
}

function waitingNote({ instance }: Registration): string {
  return `not registered yet: ${instance.id} may be held by a session that has not ended, or no server is in touch`;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** On standard output; beside that of a command on standard error. */
async function tell(
  { output }: Context,
  { instance }: Registration,
  event: RegistrationEvent,
  running: RunningLine | undefined,
): Promise<void> {
  const text = `${instance.service}: ${wordsOf(event, instance)}`;
  if (running !== undefined) output.note(text);
  else if (event.kind !== 'lost') await output.show({ ...withMessage(event), instance, at: Date.now() }, () => text);
}

function withMessage(event: RegistrationEvent): object {
  return 'cause' in event ? { ...event, cause: messageOf(event.cause) } : event;
}

function wordsOf(event: RegistrationEvent, instance: Registration['instance']): string {
  switch (event.kind) {
    case 'registered':
      return `registered ${endpointOf(instance)} as ${instance.id}`;
    case 'interrupted':
      return 'not registered any more; it will be again';
    case 'state':
      return event.cause === undefined ? event.state : `${event.state}: ${messageOf(event.cause)}`;
    case 'lost':
      return 'lost';
  }
}

function environmentOf({ instance }: Registration): Readonly<Record<string, string>> {
  return {
    REEVE_SERVICE: instance.service,
    REEVE_INSTANCE: instance.id,
    REEVE_ADDRESS: endpointOf(instance),
  };
}

function optionsOf({ settings }: Context, { name, raw }: Asked): RegistrationOptions {
  const { address: own, probe, probeInterval, probeTimeout } = raw;
  if (own === undefined)
    throw usageError('--address is missing', 'Say where callers reach the instance: --address HOST:PORT.');
  const probing =
    probe === undefined
      ? undefined
      : {
          check: probeCheck(probe, own),
          ...(probeInterval !== undefined && { intervalMs: probeInterval }),
          ...(probeTimeout !== undefined && { timeoutMs: probeTimeout }),
        };
  return {
    ...own,
    service: name,
    root: servicesRoot(settings),
    id: raw.id,
    sslPort: raw.sslPort,
    metadata: raw.meta,
    labels: raw.label,
    weight: raw.weight,
    uriSpec: raw.uriSpec,
    probe: probing,
  };
}

function positive(text: string): number {
  const number = Number(text);
  if (number > 0 && Number.isFinite(number)) return number;
  throw new InvalidArgumentError('It must be a number above 0.');
}
