import {
  endpointOf,
  type ServiceInstance,
  type ServicesEvent,
  ServicesView,
  ServiceView,
  type ViewEvent,
} from '@reeve/discovery';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import type { Output } from '../output/output.ts';
import { withSettings } from '../settings.ts';
import { type Act, examples } from './act.ts';
import { paintInstance } from './service-list.ts';
import { servicesRoot, withSessions } from './service-sessions.ts';

/** `reeve service watch`: who comes, goes, changes and returns. */
export function addServiceWatch(service: Command, act: Act): void {
  withSettings(
    service
      .command('watch')
      .description(
        'Prints the instances of a service, or the names of all services, and each change of them, until Ctrl-C. Lives through lost connections.',
      )
      .argument('[name]', 'the service'),
  )
    .addHelpText('after', examples('reeve service watch api', 'reeve service watch api --json', 'reeve service watch'))
    .action((name: string | undefined, _raw, self: Command) => act(self, (context) => watchService(context, name)));
}

async function watchService(context: Context, service: string | undefined): Promise<ExitCode> {
  const root = servicesRoot(context.settings);
  return withSessions(context, async (sessions) => {
    const view =
      service === undefined ? new ServicesView(sessions, { root }) : new ServiceView(sessions, { root, service });
    await showEvents(context, view);
    return context.output.gone.aborted ? exitCodes.ok : exitCodes.interrupted;
  });
}

type Told = ViewEvent | ServicesEvent;

async function showEvents({ output, signal }: Context, view: ServiceView | ServicesView): Promise<void> {
  // Begun before the start, so that the first picture is told.
  const events: AsyncIterator<Told, undefined> = view.events[Symbol.asyncIterator]();
  signal.addEventListener('abort', () => view.stop(), { once: true });
  await view.start({ signal });
  for (let next = await events.next(); next.done !== true; next = await events.next()) {
    await showEvent(output, next.value);
    if (next.value.kind === 'lost') throw next.value.cause;
  }
  await view.stop();
}

async function showEvent(output: Output, event: Told): Promise<void> {
  const at = Date.now();
  const words = () => ('service' in event ? `${event.kind.padEnd(8)}  ${event.service}` : wordsOf(event, output));
  await output.show({ ...event, at }, () => `${new Date(at).toTimeString().slice(0, 8)}  ${words()}`);
}

function wordsOf(event: ViewEvent, output: Output): string {
  const { colors } = output;
  switch (event.kind) {
    case 'appeared':
    case 'returned':
      return `${colors.green(event.kind.padEnd(8))}  ${describe(event.instance, output)}`;
    case 'changed':
      return `${'changed'.padEnd(8)}  ${describe(event.instance, output)}`;
    case 'gone':
      return `${colors.red('gone'.padEnd(8))}  ${endpointOf(event.instance)}  ${event.instance.id}`;
    case 'broken':
      return `${colors.red('broken'.padEnd(8))}  ${event.id}: ${event.reason}`;
    case 'ready':
      return colors.dim('in touch');
    case 'stale':
      return colors.yellow('out of touch: changes are told later');
    case 'lost':
      return colors.red('lost');
  }
}

function describe(instance: ServiceInstance, { colors }: Output): string {
  const { state, weight, load, id } = instance;
  const more = [weight === 1 ? [] : [`weight ${weight}`], load === undefined ? [] : [`load ${load}`]].flat();
  return [endpointOf(instance), id, paintInstance(state, colors)(state), ...more].join('  ');
}
