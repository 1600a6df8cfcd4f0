import { createInterface } from 'node:readline';

/** Does what it is told by lines of JSON on standard input, as `ToldProcess` says; the process ends with its input. */
export async function serveTold<T extends object>(perform: (told: T) => unknown): Promise<never> {
  const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
  const serve = async (told: T & { readonly id: number }) => {
    try {
      say({ id: told.id, answer: (await perform(told)) ?? null });
    } catch (error) {
      say({ id: told.id, error: error instanceof Error ? `${error.stack}` : String(error) });
    }
  };
  say({ ready: true });
  for await (const line of createInterface({ input: process.stdin })) void serve(JSON.parse(line));
  process.exit(0);
}
