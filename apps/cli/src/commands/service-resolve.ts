import {
  endpointOf,
  Locality,
  Picker,
  type PolicyName,
  policyNames,
  policyOf,
  type ServiceInstance,
  uriOf,
} from '@reeve/discovery';
import { type Command, Option } from 'commander';
import { usageError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { duration } from '../input/duration.ts';
import { wholeNumber } from '../input/numbers.ts';
import { addPair, type Pairs } from '../input/pairs.ts';
import { withSettings } from '../settings.ts';
import { type Act, examples } from './act.ts';
import { servicesRoot, withSessions } from './service-sessions.ts';

const COUNT_MAX = 10_000;

interface RawResolve {
  readonly policy: PolicyName;
  readonly key?: string;
  readonly prefer?: Pairs;
  readonly count: number;
  readonly uri?: true;
  readonly wait?: number;
}

/** `reeve service resolve`: whom to call. */
export function addServiceResolve(service: Command, act: Act): void {
  withSettings(
    service
      .command('resolve')
      .description('Prints the address of an instance to call; exit code 3 when there is none that is up.')
      .argument('<name>', 'the service')
      .addOption(new Option('--policy <policy>', 'how to choose').choices(policyNames).default('two-choices'))
      .option('--key <text>', 'the same instance for the same key (policy hash)')
      .option('--prefer <label=value>', 'one with this label where there is one, such as zone=a', addPair)
      .option(
        '-n, --count <number>',
        'so many different ones, fewer where there are not',
        wholeNumber({ min: 1, max: COUNT_MAX }),
        1,
      )
      .option('--uri', 'print its URI instead of its address')
      .option('--wait <duration>', 'wait until there is one, but no longer than this; exit code 124', duration),
  )
    .addHelpText(
      'after',
      examples(
        'curl "http://$(reeve service resolve api)/orders"',
        'reeve service resolve cache --policy hash --key user-7',
        'reeve service resolve api --prefer zone=a --count 3',
      ),
    )
    .action((name: string, raw: RawResolve, self: Command) => act(self, (context) => resolve(context, name, raw)));
}

async function resolve(context: Context, service: string, raw: RawResolve): Promise<ExitCode> {
  const { settings, output, signal } = context;
  const policy = preferring(policyOf(policyNameOf(raw)), raw.prefer);
  return withSessions(context, async (sessions) => {
    const picker = new Picker(sessions, { root: servicesRoot(settings), service, policy });
    try {
      await picker.start({ signal });
      const { key, wait: timeoutMs } = raw;
      const first = timeoutMs === undefined ? picker.pick({ key }) : await picker.next({ key, signal, timeoutMs });
      for (const instance of several(picker, first, raw)) {
        await output.show(instance, () => (raw.uri === true ? uriOf(instance) : endpointOf(instance)));
      }
      if (first !== undefined) return exitCodes.ok;
      throw picker.nobody();
    } finally {
      await picker.stop();
    }
  });
}

/** A key says by itself that the policy is to mind it. */
function policyNameOf({ policy, key }: RawResolve): PolicyName {
  return key === undefined ? policy : 'hash';
}

function preferring(policy: ReturnType<typeof policyOf>, prefer: Pairs = {}) {
  const entries = Object.entries(prefer);
  if (entries.length > 1) throw usageError('--prefer is given once', 'Say the label that counts most.');
  const [entry] = entries;
  return entry === undefined ? policy : new Locality({ label: entry[0], value: entry[1], near: policy });
}

function several(picker: Picker, first: ServiceInstance | undefined, { count, key }: RawResolve): ServiceInstance[] {
  const all: ServiceInstance[] = [];
  const exclude = new Set<string>();
  for (let one = first; one !== undefined && all.length < count; one = picker.pick({ key, exclude })) {
    all.push(one);
    exclude.add(one.id);
  }
  return all;
}
