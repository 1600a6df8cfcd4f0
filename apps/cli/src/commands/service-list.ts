import { endpointOf, listServices, readService, type ServiceInstance, type ServiceListing } from '@reeve/discovery';
import type { Command } from 'commander';
import { type Context, withClient } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { Colors } from '../output/colors.ts';
import type { Output } from '../output/output.ts';
import { type Column, renderTable } from '../output/table.ts';
import { ago } from '../output/words.ts';
import { withSettings } from '../settings.ts';
import { type Act, examples } from './act.ts';
import { servicesRoot } from './service-sessions.ts';

/** `reeve service list`: all services, or the instances of one. */
export function addServiceList(service: Command, act: Act): void {
  withSettings(
    service
      .command('list')
      .description('Lists the services, or the instances of one, whatever their state.')
      .argument('[name]', 'the service'),
  )
    .addHelpText('after', examples('reeve service list', 'reeve service list api --json | jq .address'))
    .action((name: string | undefined, _raw, self: Command) =>
      act(self, (context) => (name === undefined ? listAll(context) : listOne(context, name))),
    );
}

async function listAll(context: Context): Promise<ExitCode | undefined> {
  const root = servicesRoot(context.settings);
  const listings = await withClient(context, async (client) => {
    const all: ServiceListing[] = [];
    for (const service of await listServices(client, root)) all.push(await readService(client, { root, service }));
    return all;
  });
  const { output } = context;
  if (output.format === 'json') {
    for (const listing of listings) await output.json(countsOf(listing));
  } else if (listings.length === 0) output.note('no services: register an instance with "reeve service register"');
  else await output.line(renderTable(serviceColumns, listings.map(countsOf), output));
  for (const listing of listings) noteBroken(output, listing);
  return undefined;
}

async function listOne(context: Context, service: string): Promise<ExitCode | undefined> {
  const root = servicesRoot(context.settings);
  const { output } = context;
  const listing = await withClient(context, (client) => readService(client, { root, service }));
  const { instances, broken } = listing;
  if (output.format === 'json') {
    for (const instance of instances) await output.json(instance);
    for (const [id, problem] of broken) await output.json({ service, id, problem });
  } else if (instances.length === 0) output.note(`no instance of ${service}`);
  else await output.line(renderTable(instanceColumns(output.colors, Date.now()), instances, output));
  noteBroken(output, listing);
  return undefined;
}

function noteBroken(output: Output, { service, broken }: ServiceListing): void {
  for (const [id, reason] of broken) output.note(`${service}/${id} is no instance: ${reason}`);
}

interface Counts {
  readonly service: string;
  readonly instances: number;
  readonly up: number;
}

function countsOf({ service, instances }: ServiceListing): Counts {
  return { service, instances: instances.length, up: instances.filter(({ state }) => state === 'up').length };
}

const serviceColumns: readonly Column<Counts>[] = [
  { head: 'SERVICE', text: ({ service }) => service },
  { head: 'INSTANCES', text: ({ instances }) => String(instances), align: 'right' },
  { head: 'UP', text: ({ up }) => String(up), align: 'right' },
];

function instanceColumns(colors: Colors, now: number): readonly Column<ServiceInstance>[] {
  return [
    { head: 'ADDRESS', text: endpointOf },
    { head: 'STATE', text: ({ state }) => state, paint: ({ state }) => paintInstance(state, colors) },
    { head: 'WEIGHT', text: ({ weight }) => String(weight), align: 'right' },
    { head: 'LOAD', text: ({ load }) => String(load ?? '-'), align: 'right' },
    { head: 'SINCE', text: ({ registeredAt }) => ago(registeredAt, now), align: 'right' },
    { head: 'LABELS', text: ({ labels }) => pairsText(labels) },
    { head: 'ID', text: ({ id }) => id },
    { head: 'METADATA', text: ({ metadata }) => metadataText(metadata) },
  ];
}

/** The colour of a state. */
export function paintInstance(state: ServiceInstance['state'], colors: Colors): (text: string) => string {
  return { up: colors.green, draining: colors.yellow, down: colors.red }[state];
}

function pairsText(pairs: Readonly<Record<string, string>>): string {
  const texts = Object.entries(pairs).map(([name, value]) => `${name}=${value}`);
  return texts.length === 0 ? '-' : texts.join(',');
}

function metadataText(metadata: unknown): string {
  if (metadata === null) return '-';
  const isFlat = typeof metadata === 'object' && Object.values(metadata).every((value) => typeof value === 'string');
  return isFlat ? pairsText(metadata as Readonly<Record<string, string>>) : JSON.stringify(metadata);
}
