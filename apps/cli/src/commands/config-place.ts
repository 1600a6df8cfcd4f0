import type { Client } from '@reeve/client';
import type { ConfigOptions, JsonValue } from '@reeve/configuration';
import { platformSchemas } from '@reeve/tasks';
import type { Command } from 'commander';
import { type Context, withClient } from '../context.ts';
import { withSettings } from '../settings.ts';
import { examples } from './act.ts';

/** Where the configuration is, who changes it, and what the platform's own keys may hold. */
export function configOptions({ settings }: Context, author?: string): ConfigOptions {
  const path = configPath(settings);
  return { path, schemas: platformSchemas, ...(author !== undefined && { author }) };
}

/** The znode under which the configuration is. */
export function configPath({ root }: { readonly root: string }): string {
  return `${root}/config`;
}

/** Opens a session and does `work` with what the configuration's classes are made of. */
export async function withConfig<T>(
  context: Context,
  author: string | undefined,
  work: (client: Client, options: ConfigOptions) => Promise<T>,
): Promise<T> {
  return withClient(context, (client) => work(client, configOptions(context, author)));
}

/** Adds the options that the history is told of. */
export function withAuthorship(command: Command): Command {
  return command
    .option('-m, --comment <text>', 'why, for the history')
    .option('--author <name>', 'who, for the history (default: the user and the host)');
}

/** Adds the options of a command that talks to a coordinator, and its examples. */
export function withPlaceAndExamples(command: Command, ...lines: readonly string[]): Command {
  return withSettings(command).addHelpText('after', examples(...lines));
}

/** A value as a shell wants it: text as it stands, everything else as JSON. */
export function valueText(value: JsonValue | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
