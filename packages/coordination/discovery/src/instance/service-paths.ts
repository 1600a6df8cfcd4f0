import { invalidInstance } from '../discovery-error.ts';

/** Where services live unless said otherwise: where the `reeve` command has them. */
export const DEFAULT_SERVICES_ROOT = '/reeve/services';

/**
 * The znode of a service.
 *
 * @throws DiscoveryError `invalid_instance` when the name cannot be one
 */
export function servicePath(root: string, service: string): string {
  return `${root}/${checkedName('service', service)}`;
}

/** A name that a znode can have. */
export function checkedName(what: 'service' | 'instance', name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the protocol forbids them in paths.
  if (/^[^/\u0000-\u001f\u007f-\u009f\ud800-\uf8ff\ufff0-\uffff]+$/.test(name) && !/^\.{1,2}$/.test(name)) return name;
  throw invalidInstance(`"${name}" cannot be the name of a ${what}: it must be one word without "/"`);
}
