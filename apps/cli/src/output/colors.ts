import picocolors from 'picocolors';

/** Functions that colour text, or leave it as it is. */
export type Colors = ReturnType<typeof picocolors.createColors>;

/** What colours depend on: whether a person looks, and the two variables that overrule it (no-color.org, force-color.org). */
export interface ColorFacts {
  readonly isTTY: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Colours for a terminal; plain text for everything else. NO_COLOR wins over FORCE_COLOR. */
export function colorsFor({ isTTY, env }: ColorFacts): Colors {
  const forced = isSet(env.FORCE_COLOR) && env.FORCE_COLOR !== '0';
  return picocolors.createColors(!isSet(env.NO_COLOR) && (forced || (isTTY && env.TERM !== 'dumb')));
}

function isSet(variable: string | undefined): boolean {
  return variable !== undefined && variable !== '';
}
