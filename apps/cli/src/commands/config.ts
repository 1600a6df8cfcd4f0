import type { Command } from 'commander';
import type { Act } from './act.ts';
import { addConfigExec } from './config-exec.ts';
import { addConfigHistory } from './config-history.ts';
import { addConfigRead } from './config-read.ts';
import { addConfigRollout } from './config-rollout.ts';
import { addConfigSchema } from './config-schema.ts';
import { addConfigWatch } from './config-watch.ts';
import { addConfigWrite } from './config-write.ts';

/** `reeve config …`: publishes values and follows them. `line` is what stands after "--". */
export function addConfig(program: Command, act: Act, line?: readonly string[]): void {
  const config = program
    .command('config')
    .summary('publish values and follow them')
    .description(
      'Publishes values to keys such as billing/limits/max, keeps their history, checks them by schemas, rolls them out in ' +
        'stages, and follows them.',
    );
  addConfigRead(config, act);
  addConfigWrite(config, act);
  addConfigWatch(config, act);
  addConfigHistory(config, act);
  addConfigExec(config, act, line);
  addConfigSchema(config, act);
  addConfigRollout(config, act);
}
