import type { Lease } from '../line/lease.ts';
import { recipeError } from '../recipe/recipe-error.ts';

/** Does some work while a lease is held, and releases it whatever comes of the work. */
export async function runWith<T>(lease: Lease, work: (lease: Lease) => Promise<T> | T): Promise<T> {
  let result: T;
  try {
    result = await work(lease);
  } catch (error) {
    // What the work failed with says more than what its end met.
    await lease.release().catch(() => undefined);
    throw error;
  }
  const { state } = lease;
  await lease.release();
  if (state === 'lost') throw recipeError('lost', lease.path);
  return result;
}
