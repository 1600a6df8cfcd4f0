import type { InspectItem, PartFacts, TxnFacts, ZnodeFacts } from '@reeve/archive';
import type { Output } from './output.ts';
import { zxidText } from './words.ts';

type Item<K extends InspectItem['kind']> = Extract<InspectItem, { kind: K }>;

/** What an inspection found, for people: a line, or a few. */
export function itemLines(item: InspectItem, { colors }: Pick<Output, 'colors'>): string {
  switch (item.kind) {
    case 'file':
      return colors.dim(fileLine(item));
    case 'epochs':
      return colors.dim(`epochs ${item.file}  accepted ${item.acceptedEpoch}  current ${item.currentEpoch}`);
    case 'txn':
      return txnLines(item.txn);
    case 'session':
      return `session 0x${item.session}  time-out ${item.timeoutMs} ms`;
    case 'znode':
      return znodeLine(item.znode);
    case 'damage': {
      const where = item.offset === undefined ? '' : ` at byte ${item.offset}`;
      return colors.red(`damaged: ${item.file}${where}: ${item.what}`);
    }
    case 'start':
      return item.verdict === 'refuses' ? colors.red(`a start would refuse: ${item.message}`) : startLine(item);
  }
}

function fileLine(item: Item<'file'>): string {
  const { type, file, bytes, zxid, lastZxidSeen, fromZxid, untilZxid, txns, znodes, sessions, madeMs, tornBytes } =
    item;
  const parts = [`${type} ${file}  ${bytes} bytes`];
  if (zxid !== undefined) parts.push(`zxid ${zxidText(zxid)}`);
  if (lastZxidSeen !== undefined && lastZxidSeen !== zxid) parts.push(`traces up to ${zxidText(lastZxidSeen)}`);
  if (txns !== undefined) parts.push(`${txns} transactions`);
  if (fromZxid !== undefined && untilZxid !== undefined) parts.push(`${zxidText(fromZxid)} to ${zxidText(untilZxid)}`);
  if (znodes !== undefined) parts.push(`${znodes} znodes`, `${sessions} sessions`);
  if (madeMs !== undefined) parts.push(`made ${timeText(madeMs)}`);
  if (type === 'install') parts.push('from the leader: a start puts it in the place of all that was here before');
  if (tornBytes !== undefined) parts.push(`${tornBytes} bytes of a write that did not get through`);
  return parts.join('  ');
}

function startLine(item: Extract<Item<'start'>, { verdict: 'serves' }>): string {
  const from = item.snapshotZxid === 0 ? 'no snapshot' : `the snapshot of ${zxidText(item.snapshotZxid)}`;
  const cut = item.tornBytes === 0 ? '' : `, cutting off ${item.tornBytes} bytes that were never acknowledged`;
  return `a start would load ${from}, then ${item.entries} transactions up to ${zxidText(item.lastZxid)}${cut}`;
}

function txnLines(txn: TxnFacts): string {
  const head = `${zxidText(txn.zxid).padEnd(10)}  ${timeText(txn.timeMs)}  0x${txn.session}  ${txn.kind}`;
  if (txn.error !== undefined) return `${head}  ${txn.error}`;
  if (txn.timeoutMs !== undefined) return `${head}  time-out ${txn.timeoutMs} ms`;
  if (txn.ephemerals !== undefined) return [head, ...txn.ephemerals.map((path) => `    delete  ${path}`)].join('\n');
  if (txn.parts !== undefined)
    return [head, ...txn.parts.map((part) => `    ${part.kind}  ${partText(part)}`)].join('\n');
  return `${head}  ${partText({ ...txn, path: txn.path ?? '' })}`;
}

function partText(part: Omit<PartFacts, 'kind'>): string {
  const parts = [part.path];
  if (part.lifetime !== undefined) parts.push(lifetimeText(part.lifetime, part.ttlMs));
  if (part.version !== undefined) parts.push(`version ${part.version}`);
  return [...parts, ...dataTexts(part), ...(part.acl === undefined ? [] : [aclText(part.acl)])].join('  ');
}

function znodeLine(znode: ZnodeFacts): string {
  const owner = znode.owner === undefined ? '' : ` of 0x${znode.owner}`;
  return [
    znode.path,
    `${lifetimeText(znode.lifetime, znode.ttlMs)}${owner}`,
    ...dataTexts(znode),
    `versions ${znode.version}/${znode.cversion}/${znode.aversion}`,
    `zxids ${zxidText(znode.czxid)}/${zxidText(znode.mzxid)}/${zxidText(znode.pzxid)}`,
    `children ${znode.children}`,
    `next ${znode.creates}`,
    timeText(znode.mtimeMs),
    aclText(znode.acl),
  ].join('  ');
}

function lifetimeText(lifetime: string, ttlMs: number | undefined): string {
  return ttlMs === undefined ? lifetime : `${lifetime} ${ttlMs} ms`;
}

function dataTexts({ bytes, data }: Pick<PartFacts, 'bytes' | 'data'>): readonly string[] {
  if (bytes === undefined) return [];
  return data === undefined ? [`${bytes} bytes`] : [`${bytes} bytes`, JSON.stringify(data)];
}

const letters = 'rwcda';

function aclText(acl: NonNullable<PartFacts['acl']>): string {
  return acl.map(({ perms, id }) => `${id.scheme}:${id.id}:${permsText(perms)}`).join(',');
}

function permsText(perms: number): string {
  return [...letters].filter((_, bit) => (perms & (1 << bit)) !== 0).join('');
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
