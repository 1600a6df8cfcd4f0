import { CodedError } from '@reeve/base';

type SimulatorFacts =
  | { readonly code: 'plan_invalid'; readonly line: number }
  | { readonly code: 'never_came'; readonly what: string };

/** The simulator was asked for something that it cannot do. */
export class SimulatorError extends CodedError<SimulatorFacts> {}
