import { connect } from '@reeve/client';
import { serveTold } from '../../../told/serve-told.ts';
import type { Told, Tool } from './tool.ts';
import { openTool } from './tools.ts';

/**
 * Reeve's own recipes as one of a mixed company: `main.js host:port sessionMs`. It is told what to do with which tool,
 * `{"id": 1, "tool": "a", "what": "acquire"}`. What one tool is told, it does one after the other.
 */
const [servers = '', sessionMs] = process.argv.slice(2);
const client = await connect({ servers, sessionTimeoutMs: Number(sessionMs) });
const tools = new Map<string, Tool>();
const busy = new Map<string, Promise<unknown>>();

async function perform(told: Told): Promise<unknown> {
  if (told.what !== 'open') return tools.get(told.tool)?.[told.what]?.(told);
  tools.set(told.tool, await openTool(client, told));
  return null;
}

await serveTold<Told>((told) => {
  const before = busy.get(told.tool) ?? Promise.resolve();
  const done = before.catch(() => undefined).then(() => perform(told));
  busy.set(told.tool, done);
  return done;
});
