type CleanUp = () => void | Promise<void>;

const pending = new Set<CleanUp>();

/**
 * Runs `cleanUp` when the test file ends, last registered first, whether its tests passed or not. The returned
 * function forgets it, for what has ended by itself.
 */
export function atTestEnd(cleanUp: CleanUp): () => void {
  pending.add(cleanUp);
  return () => pending.delete(cleanUp);
}

/** Runs everything that `atTestEnd` holds. Done by itself under jest; for scripts that use the testkit without it. */
export async function endTest(): Promise<void> {
  for (const cleanUp of [...pending].reverse()) {
    pending.delete(cleanUp);
    await cleanUp();
  }
}

// Under jest the hook is there as soon as a test file imports us; elsewhere the caller says when it ends.
const { afterAll } = globalThis as { afterAll?: (hook: CleanUp, timeoutMs: number) => void };
afterAll?.(endTest, 30_000);
