import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type EngineOptions, EngineProcess } from './engine-process.ts';
import { freePort } from './free-port.ts';
import { TestkitError } from './testkit-error.ts';

const cli = fileURLToPath(new URL('../../../../apps/cli/dist/main.js', import.meta.url));

/**
 * Starts Reeve's own coordinator, as a user would, in a process that ends with the test file. The workspace must be
 * built.
 *
 * @throws TestkitError `not_installed`
 */
export async function startReeveCoordinator(options: EngineOptions = {}): Promise<EngineProcess> {
  const coordinator = new EngineProcess({
    name: 'Reeve',
    port: await freePort(),
    options,
    command: coordinatorCommand,
  });
  await coordinator.start();
  return coordinator;
}

/**
 * What runs a coordinator with this `zoo.cfg`.
 *
 * @throws TestkitError `not_installed`
 */
export function coordinatorCommand(configFile: string): readonly string[] {
  if (!existsSync(cli)) throw new TestkitError({ code: 'not_installed' }, `${cli} is not there: build the workspace`);
  return [process.execPath, cli, 'coordinator', '--config', configFile];
}
