import type { Command } from 'commander';
import type { Act } from './act.ts';
import { addServiceList } from './service-list.ts';
import { addServiceRegister } from './service-register.ts';
import { addServiceResolve } from './service-resolve.ts';
import { addServiceWatch } from './service-watch.ts';

/** `reeve service …`: who offers a service, and whom to call. `line` is what stands after "--". */
export function addService(program: Command, act: Act, line?: readonly string[]): void {
  const service = program
    .command('service')
    .summary('register, list, watch and resolve instances of services')
    .description('Registers instances of services, and says which there are and whom to call.');
  addServiceRegister(service, act, line);
  addServiceList(service, act);
  addServiceWatch(service, act);
  addServiceResolve(service, act);
}
