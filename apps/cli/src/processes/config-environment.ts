import type { JsonValue } from '@reeve/configuration';

/** The values as environment variables: `billing/limits/max` in `BILLING_LIMITS_MAX`, text as it stands, else JSON. */
export function environmentOf(
  values: ReadonlyMap<string, JsonValue>,
  prefix: string,
): Readonly<Record<string, string>> {
  const named = [...values].map(([key, value]) => {
    const name = `${prefix}${key.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`;
    return [name, typeof value === 'string' ? value : JSON.stringify(value)] as const;
  });
  return Object.fromEntries(named);
}
