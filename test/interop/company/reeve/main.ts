import { createInterface } from 'node:readline';
import { connect } from '@reeve/client';
import { openTool, type Told, type Tool } from './tools.ts';

/**
 * Reeve's own recipes as one of a mixed company: `company/reeve/main.js host:port sessionMs`. It is told by lines of JSON what
 * to do with which tool, `{"id": 1, "tool": "a", "what": "acquire"}`, and answers each by `{"id": 1, "answer": …}` or
 * `{"id": 1, "error": …}`. What one tool is told, it does one after the other.
 */
const [servers = '', sessionMs] = process.argv.slice(2);
const client = await connect({ servers, sessionTimeoutMs: Number(sessionMs) });
const tools = new Map<string, Tool>();
const busy = new Map<string, Promise<void>>();

async function perform(told: Told): Promise<unknown> {
  if (told.what !== 'open') return tools.get(told.tool)?.[told.what]?.(told);
  tools.set(told.tool, await openTool(client, told));
  return null;
}

async function serve(told: Told): Promise<void> {
  try {
    say({ id: told.id, answer: (await perform(told)) ?? null });
  } catch (error) {
    say({ id: told.id, error: String(error) });
  }
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

say({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line) as Told;
  const before = busy.get(told.tool) ?? Promise.resolve();
  busy.set(
    told.tool,
    before.then(() => serve(told)),
  );
}
process.exit(0);
