import { invariant } from '@reeve/base';
import { wordsOf } from '@reeve/testkit';
import {
  type Acl,
  addWatchModes,
  type CreateMode,
  createFlags,
  type OpName,
  openAcl,
  permissions,
  type RequestOf,
  watcherTypes,
} from '@reeve/wire';

/** A request as a scenario writes it: `create /a data=x mode=ephemeral`. */
interface Words {
  readonly op: string;
  readonly plain: readonly string[];
  readonly named: ReadonlyMap<string, string>;
}

/** The operation and request of a line such as `getData /a watch`. */
export function requestOf(text: string): { readonly op: OpName; readonly request: RequestOf<OpName> } {
  const op = wordsOf(text)[0] as OpName;
  if (op === 'multi' || op === 'multiRead') return { op, request: partsOf(text.slice(op.length)) as RequestOf<OpName> };
  return { op, request: bodyOf(splitWords(text)) as RequestOf<OpName> };
}

function partsOf(text: string): object[] {
  const lines = text.split(';').filter((line) => line.trim() !== '');
  return lines.map((line) => ({ op: wordsOf(line)[0], ...bodyOf(splitWords(line)) }));
}

function splitWords(text: string): Words {
  const [op = '', ...words] = wordsOf(text);
  const named = words.filter((word) => /^[a-z]+=/.test(word)).map((word) => word.split(/=(.*)/s) as [string, string]);
  return { op, plain: words.filter((word) => !/^[a-z]+=/.test(word)), named: new Map(named) };
}

function bodyOf(words: Words): object {
  const { op, plain, named } = words;
  const [path = '', second = ''] = plain;
  switch (op) {
    case 'create':
    case 'create2':
    case 'createContainer':
    case 'createTTL':
      return {
        path,
        data: dataOf(named),
        acl: aclOf(named),
        flags: flagsOf(named),
        ttl: Number(named.get('ttl') ?? -1),
      };
    case 'setData':
      return { path, data: second === 'null' ? null : Buffer.from(second), version: versionOf(named) };
    case 'setACL':
      return { path, acl: aclOf(named), version: versionOf(named) };
    case 'delete':
    case 'check':
      return { path, version: versionOf(named) };
    case 'exists':
    case 'getData':
    case 'getChildren':
    case 'getChildren2':
      return { path, watch: second === 'watch' };
    case 'addWatch':
      return { path, mode: addWatchModes[second as keyof typeof addWatchModes] ?? Number(second) };
    case 'checkWatches':
    case 'removeWatches':
      return { path, type: watcherTypes[second as keyof typeof watcherTypes] ?? Number(second) };
    case 'setWatches':
    case 'setWatches2':
      return watchListsOf(named);
    case 'auth':
      return { type: 0, scheme: path, auth: Buffer.from(second) };
    case 'reconfig':
      return { joiningServers: '', leavingServers: '', newMembers: '', curConfigId: -1 };
    case 'getEphemerals':
      return { prefixPath: path };
    case 'sasl':
      return { token: null };
    default:
      return { path };
  }
}

function dataOf(named: Words['named']): Buffer | null {
  const data = named.get('data') ?? '';
  return data === 'null' ? null : Buffer.from(data);
}

function versionOf(named: Words['named']): number {
  return Number(named.get('version') ?? -1);
}

function flagsOf(named: Words['named']): number {
  const mode = named.get('mode') ?? 'persistent';
  return createFlags[mode as CreateMode] ?? Number(mode);
}

/** `world:anyone:rw,digest:bob:hash:cdrwa`; the open list unless given, and `none` for an empty one. */
function aclOf(named: Words['named']): readonly Acl[] {
  const text = named.get('acl');
  if (text === undefined) return openAcl;
  if (text === 'none') return [];
  return text.split(',').map((entry) => {
    const [scheme = '', ...rest] = entry.split(':');
    const perms = rest.pop() ?? '';
    return { perms: permsOf(perms), id: { scheme, id: rest.join(':') } };
  });
}

const letters: Readonly<Record<string, number>> = {
  r: permissions.read,
  w: permissions.write,
  c: permissions.create,
  d: permissions.delete,
  a: permissions.admin,
};

function permsOf(text: string): number {
  return [...text].reduce((sum, letter) => {
    const bit = letters[letter];
    invariant(bit !== undefined, `${letter} is a permission`);
    return sum | bit;
  }, 0);
}

function watchListsOf(named: Words['named']): object {
  const list = (name: string): string[] => (named.get(name) ?? '').split(',').filter((path) => path !== '');
  return {
    relativeZxid: Number(named.get('since') ?? 0),
    dataWatches: list('data'),
    existWatches: list('exist'),
    childWatches: list('child'),
    persistentWatches: list('persistent'),
    persistentRecursiveWatches: list('recursive'),
  };
}
