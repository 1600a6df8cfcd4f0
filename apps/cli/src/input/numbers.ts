import { InvalidArgumentError } from 'commander';

/** The bounds of a whole number that an option takes. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** A parser for an option that takes a whole number within bounds. */
export function wholeNumber(bounds: Bounds): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^-?\d+$/.test(text) && number >= bounds.min && number <= bounds.max) return number;
    throw new InvalidArgumentError(`It must be a whole number between ${bounds.min} and ${bounds.max}.`);
  };
}

/** A TCP port; 0 lets the system choose a free one. */
export const port = wholeNumber({ min: 0, max: 65_535 });
