import type { ConfigEvent, KeyChange } from '@reeve/configuration';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { addPair } from '../input/pairs.ts';
import type { Output } from '../output/output.ts';
import type { Act } from './act.ts';
import { type RawFollowing, startFollowing, withFollowing } from './config-following.ts';
import { withPlaceAndExamples } from './config-place.ts';

/** `reeve config watch`: what becomes of keys. */
export function addConfigWatch(config: Command, act: Act): void {
  const watch = config
    .command('watch')
    .summary('print changes as they happen')
    .description(
      'Prints each change of keys with old and new value, until Ctrl-C. Lives through lost connections and sessions.',
    )
    .argument('[keys...]', 'keys, or trees of keys; everything unless given')
    .option('--label <name=value>', 'be one with this label, for roll-outs; may be repeated', addPair);
  withPlaceAndExamples(
    withFollowing(watch),
    'reeve config watch',
    'reeve config watch billing flags/new-ui --json',
  ).action((keys: readonly string[], raw: RawFollowing, self: Command) =>
    act(self, (context) => watchKeys(context, keys, raw)),
  );
}

async function watchKeys(context: Context, keys: readonly string[], raw: RawFollowing): Promise<ExitCode> {
  const { output, signal } = context;
  const follower = await startFollowing(context, keys, raw);
  const events = follower.events[Symbol.asyncIterator]();
  signal.addEventListener('abort', () => void follower.stop(), { once: true });
  try {
    output.note(`watching ${keys.length === 0 ? 'everything' : keys.join(', ')}: ${follower.state}`);
    for (let next = await events.next(); next.done !== true; next = await events.next())
      await showEvent(output, next.value);
  } finally {
    await follower.stop();
  }
  return output.gone.aborted ? exitCodes.ok : exitCodes.interrupted;
}

async function showEvent(output: Output, event: ConfigEvent): Promise<void> {
  switch (event.kind) {
    case 'changed':
      if (output.format === 'json') return output.json(event);
      for (const change of event.changes) await output.line(changeText(change, event, output));
      return;
    case 'moved':
      return output.note(event.to === 'stale' ? 'out of touch: changes are told later' : event.to);
    case 'failed':
      return output.note(`${event.what}: ${String(event.cause)}`);
    case 'lost':
      throw event.cause;
  }
}

function changeText(
  { key, before, after }: KeyChange,
  { author, comment }: Extract<ConfigEvent, { kind: 'changed' }>,
  { colors }: Output,
): string {
  const value = (one: KeyChange['before']) => (one === undefined ? colors.dim('none') : JSON.stringify(one));
  const by = author === undefined ? '' : colors.dim(`  (${author}${comment === undefined ? '' : `: ${comment}`})`);
  return `${key}: ${value(before)} -> ${value(after)}${by}`;
}
