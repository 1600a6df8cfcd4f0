/** What is known of an instance that is probed, and how many probes in a row have said otherwise. */
export interface Health {
  readonly state: 'unknown' | 'well' | 'unwell';
  /** Results in a row that contradict the state. */
  readonly against: number;
}

/** How many results in a row change what is held to be so. */
export interface Thresholds {
  readonly failuresToDown: number;
  readonly successesToUp: number;
}

/** Nothing is known before the first probe. */
export const unprobed: Health = { state: 'unknown', against: 0 };

/** What one more result makes of it. The first result is believed at once. */
export function nextHealth(health: Health, result: 'passed' | 'failed', thresholds: Thresholds): Health {
  const said = result === 'passed' ? 'well' : 'unwell';
  if (health.state === said) return { state: said, against: 0 };
  const needed = said === 'well' ? thresholds.successesToUp : thresholds.failuresToDown;
  const against = health.against + 1;
  if (health.state === 'unknown' || against >= needed) return { state: said, against: 0 };
  return { state: health.state, against };
}
