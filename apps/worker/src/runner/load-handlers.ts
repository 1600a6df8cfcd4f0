import { pathToFileURL } from 'node:url';
import { CodedError, messageOf } from '@reeve/base';
import { type Handler, handlersOf, isHandler } from '@reeve/sdk/handlers';

/** What is wrong with a handler module. */
export interface ModuleFacts {
  readonly code: 'module_unloadable' | 'module_empty' | 'handler_duplicate';
  readonly module: string;
}

/** A handler module cannot be used. */
export class ModuleError extends CodedError<ModuleFacts> {}

const REASON_CHARACTERS_MAX = 500;
/** The first line of a stack that is neither Node's nor a dependency's, without its function. */
const FRAME = /^\s+at (?:async )?(?:.*\()?((?!node:|.*\/node_modules\/)[^()\s]+:\d+:\d+)\)?$/m;
const TYPESCRIPT = /\.[cm]?tsx?$/;

/** Loads modules and collects their handlers by name. */
export async function loadHandlers(modules: readonly string[]): Promise<ReadonlyMap<string, Handler>> {
  const handlers = new Map<string, Handler>();
  const homes = new Map<string, string>();
  for (const module of modules) {
    for (const [name, handler] of handlersIn(module, await load(module))) {
      const other = homes.get(name);
      if (other !== undefined) {
        const message = `the handler ${name} is in ${other} and in ${module}: rename one of them`;
        throw new ModuleError({ code: 'handler_duplicate', module }, message);
      }
      homes.set(name, module);
      handlers.set(name, handler);
    }
  }
  return handlers;
}

async function load(module: string): Promise<Record<string, unknown>> {
  try {
    if (!TYPESCRIPT.test(module)) return await import(pathToFileURL(module).href);
    // Most workers need no compiler, and runners should start fast.
    const { createJiti } = await import('jiti');
    return await createJiti(import.meta.url, { interopDefault: false }).import(module);
  } catch (error) {
    const message = `cannot load ${module}: ${reasonOf(error)}`;
    throw new ModuleError({ code: 'module_unloadable', module }, message, { cause: error });
  }
}

/** What a module failed with, and where: on one line, as it stands in messages. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return oneLine(messageOf(error));
  const place = FRAME.exec(error.stack ?? '')?.[1];
  const reason = oneLine(`${error.name}: ${error.message}`);
  return place === undefined ? reason : `${reason} (${place})`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, REASON_CHARACTERS_MAX);
}

function handlersIn(module: string, exports: Record<string, unknown>): ReadonlyMap<string, Handler> {
  const fallback = exports.default;
  const inner = typeof fallback === 'object' && fallback !== null && !isHandler(fallback) ? fallback : {};
  const found = handlersOf({ ...inner, ...exports });
  if (found.size > 0) return found;
  const message = `${module} exports no handler: export a function, or what handler() of @reeve/sdk makes`;
  throw new ModuleError({ code: 'module_empty', module }, message);
}
