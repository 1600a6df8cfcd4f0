import { unreachable } from '@reeve/base';
import type { SequentialModel } from './sequential-model.ts';

/** What is done to one znode; without `expected`, whatever its version. */
export type RegisterAction =
  /** `local` promises order within the session only, `latest` everything that was acknowledged before it began. */
  | { readonly op: 'read'; readonly freshness: 'latest' | 'local' }
  | { readonly op: 'create'; readonly value: string }
  | { readonly op: 'set'; readonly value: string; readonly expected?: number }
  | { readonly op: 'delete'; readonly expected?: number };

/** What a znode answers. `zxid`, where it is told, is that of the write which made the value. */
export type RegisterAnswer =
  | { readonly kind: 'holds'; readonly value: string; readonly version: number; readonly zxid?: number }
  | { readonly kind: 'written'; readonly version: number; readonly zxid?: number }
  | { readonly kind: 'deleted' | 'absent' | 'exists_already' | 'other_version' };

/** What a znode is. */
export type RegisterState =
  | { readonly kind: 'anything' | 'absent' }
  | { readonly kind: 'holds'; readonly value: string; readonly version: number };

type Known = Exclude<RegisterState, { readonly kind: 'anything' | 'absent' }> | { readonly kind: 'absent' };

const absent = { kind: 'absent' } as const;

/** A znode as clients know it: absent, or data and a version that begins at 0 and grows by one with each set. */
export const versionedRegister: SequentialModel<RegisterState, RegisterAction, RegisterAnswer> = {
  initial: absent,
  anything: { kind: 'anything' },
  next(state, action, answer) {
    if (state.kind === 'anything') return learned(action, answer);
    const [after, said] = performed(state as Known, action);
    return answer === undefined || agree(answer, said) ? after : undefined;
  },
  observes(action, answer) {
    return action.op === 'read' || (answer !== undefined && answer.kind !== 'written' && answer.kind !== 'deleted');
  },
  describeState(state) {
    if (state.kind === 'holds') return `"${state.value}" version ${state.version}`;
    return state.kind;
  },
  describeCall: (action, answer) => `${told(action)} → ${answer === undefined ? 'unknown' : said(answer)}`,
};

function performed(state: Known, action: RegisterAction): readonly [Known, RegisterAnswer] {
  if (action.op === 'create') {
    if (state.kind === 'holds') return [state, { kind: 'exists_already' }];
    return [
      { kind: 'holds', value: action.value, version: 0 },
      { kind: 'written', version: 0 },
    ];
  }
  if (state.kind === 'absent') return [state, absent];
  if (action.op === 'read') return [state, state];
  if (action.expected !== undefined && action.expected !== state.version) return [state, { kind: 'other_version' }];
  if (action.op === 'delete') return [absent, { kind: 'deleted' }];
  const version = state.version + 1;
  return [
    { kind: 'holds', value: action.value, version },
    { kind: 'written', version },
  ];
}

/** What an answer says about a znode of which nothing was known. */
function learned(action: RegisterAction, answer: RegisterAnswer | undefined): RegisterState {
  switch (answer?.kind) {
    case 'holds':
      return { kind: 'holds', value: answer.value, version: answer.version };
    case 'written':
      return { kind: 'holds', value: 'value' in action ? action.value : '', version: answer.version };
    case 'deleted':
    case 'absent':
      return absent;
    case 'exists_already':
    case 'other_version':
    case undefined:
      return versionedRegister.anything;
    default:
      return unreachable(answer);
  }
}

function agree(a: RegisterAnswer, b: RegisterAnswer): boolean {
  if (a.kind === 'holds' && b.kind === 'holds') return a.value === b.value && a.version === b.version;
  if (a.kind === 'written' && b.kind === 'written') return a.version === b.version;
  return a.kind === b.kind;
}

function told(action: RegisterAction): string {
  if (action.op === 'read') return `read ${action.freshness}`;
  const value = 'value' in action ? ` "${action.value}"` : '';
  const expected = 'expected' in action ? ` at version ${action.expected}` : '';
  return `${action.op}${value}${expected}`;
}

function said(answer: RegisterAnswer): string {
  if (answer.kind === 'holds') return `"${answer.value}" version ${answer.version}`;
  if (answer.kind === 'written') return `version ${answer.version}`;
  return answer.kind;
}
