import { randomUUID } from 'node:crypto';
import { readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** `exclusive`: nobody else may be inside; `shared`: others of this kind may, at most so many at once. */
export interface Visit {
  readonly room: string;
  readonly as: 'exclusive' | 'shared';
  readonly limit?: number;
}

/**
 * Goes into a directory that is guarded by a lock of several programs: leaves a file there while it is inside, and
 * writes down (`met-…`) whom it met that must not be there at the same time. `CompanyRoom.java` and `company.py` do the
 * same; whoever is there alone counts itself in the file `count`.
 */
export async function visit({ room, as, limit = Number.POSITIVE_INFINITY }: Visit): Promise<void> {
  const own = join(room, `${as}-${randomUUID()}`);
  await writeFile(own, '', { flag: 'wx' });
  await look({ room, as, limit });
  if (as === 'exclusive') {
    const before = Number(await readFile(join(room, 'count'), 'utf8'));
    await writeFile(join(room, 'count'), String(before + 1));
  }
  await look({ room, as, limit });
  await unlink(own);
}

async function look({ room, as, limit }: Required<Visit>): Promise<void> {
  const inside = await readdir(room);
  const alone = inside.filter((name) => name.startsWith('exclusive-')).length;
  const shared = inside.filter((name) => name.startsWith('shared-')).length;
  const isFine = alone === 0 ? shared <= limit : alone === 1 && shared === 0;
  if (!isFine) await writeFile(join(room, `met-${as}-${alone}-${shared}-${randomUUID()}`), '');
}

/** Makes a directory such a room. */
export async function openRoom(room: string): Promise<string> {
  await writeFile(join(room, 'count'), '0');
  return room;
}

/** How often somebody was alone there, and who met whom, which should be nobody. */
export async function roomFacts(room: string): Promise<{ readonly count: number; readonly met: readonly string[] }> {
  const met = (await readdir(room)).filter((name) => name !== 'count');
  return { count: Number(await readFile(join(room, 'count'), 'utf8')), met };
}
