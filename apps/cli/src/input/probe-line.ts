import { type Check, commandCheck, httpCheck, tcpCheck } from '@reeve/discovery';
import { usageError } from '../cli-error.ts';
import { type Address, parseAddress } from './address.ts';

/** What a probe may be, for the help text. */
export const probeForms = 'http://…, https://…, tcp, tcp://host:port, or cmd:LINE for /bin/sh';

/**
 * The check that an option `--probe` names.
 *
 * @param own where the instance is, which `tcp` alone means
 */
export function probeCheck(text: string, own: Address): Check {
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return httpCheck(text);
  if (text === 'tcp') return tcpCheck({ host: own.address, port: own.port });
  if (text.startsWith('tcp://')) {
    const { address, port } = parseAddress(text.slice('tcp://'.length));
    return tcpCheck({ host: address, port });
  }
  const line = text.startsWith('cmd:') ? text.slice('cmd:'.length).trim() : '';
  if (line !== '') return commandCheck(['/bin/sh', '-c', line]);
  throw usageError(`"${text}" is not a probe`, `A probe is ${probeForms}.`);
}
