import { CodedError, codeOf, messageOf } from '@reeve/base';
import type { ConfigFacts } from '@reeve/configuration';
import type { DiscoveryFacts } from '@reeve/discovery';
import type { RecipeFacts } from '@reeve/recipes';
import type { ReeveErrorCode } from '@reeve/sdk';
import { CliError } from './cli-error.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import type { Colors } from './output/colors.ts';

/** What a failed command ends with: its exit code, and what it says for people and for programs. */
export interface Report {
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly message: string;
  readonly advice?: string;
}

/** Codes of the platform. */
const reeveCodes: Readonly<Record<ReeveErrorCode, ExitCode>> = {
  invalid_task: exitCodes.usage,
  invalid_argument: exitCodes.usage,
  task_unknown: exitCodes.notFound,
  task_exists: exitCodes.refused,
  task_finished: exitCodes.refused,
  task_not_finished: exitCodes.refused,
  task_failed: exitCodes.failed,
  task_cancelled: exitCodes.failed,
  task_lost: exitCodes.failed,
  task_expired: exitCodes.failed,
  not_initialised: exitCodes.refused,
  refused: exitCodes.refused,
  unreachable: exitCodes.unreachable,
  deadline_exceeded: exitCodes.timedOut,
  aborted: exitCodes.interrupted,
  closed: exitCodes.interrupted,
  watch_overflow: exitCodes.failed,
};

/** Codes of the processes that a command runs: client, server, journal, coordinator, master, worker. */
const processCodes: Readonly<Record<string, ExitCode>> = {
  config_invalid: exitCodes.usage,
  config_unreadable: exitCodes.usage,
  invalid_option: exitCodes.usage,
  worker_options_invalid: exitCodes.usage,
  handlers_unusable: exitCodes.usage,
  no_node: exitCodes.notFound,
  connection_loss: exitCodes.unreachable,
};

/** Codes of the coordination services. */
const recipeCodes: Readonly<Record<RecipeFacts['code'], ExitCode>> = {
  session_over: exitCodes.lost,
  lost: exitCodes.lost,
  stopped: exitCodes.interrupted,
  aborted: exitCodes.interrupted,
  deadline_exceeded: exitCodes.timedOut,
  name_taken: exitCodes.refused,
  in_doubt: exitCodes.lost,
  unreadable: exitCodes.refused,
  out_of_range: exitCodes.refused,
  full: exitCodes.refused,
  too_large: exitCodes.usage,
  events_overflow: exitCodes.failed,
};

/** Codes of service discovery. */
const discoveryCodes: Readonly<Record<DiscoveryFacts['code'], ExitCode>> = {
  invalid_instance: exitCodes.usage,
  no_instance: exitCodes.notFound,
  probe_failed: exitCodes.failed,
};

/** Codes of the configuration centre. */
const configCodes: Readonly<Record<ConfigFacts['code'], ExitCode>> = {
  key_invalid: exitCodes.usage,
  key_unknown: exitCodes.notFound,
  key_conflict: exitCodes.refused,
  value_invalid: exitCodes.refused,
  value_unfit: exitCodes.usage,
  version_conflict: exitCodes.refused,
  version_unknown: exitCodes.notFound,
  nothing_to_change: exitCodes.refused,
  schema_invalid: exitCodes.usage,
  rollout_under_way: exitCodes.refused,
  rollout_unknown: exitCodes.notFound,
  stage_invalid: exitCodes.usage,
  too_large: exitCodes.usage,
  too_many: exitCodes.refused,
  record_unreadable: exitCodes.refused,
};

const exitCodeOf: Readonly<Record<string, ExitCode>> = {
  ...processCodes,
  ...recipeCodes,
  ...configCodes,
  ...discoveryCodes,
  ...reeveCodes,
};

/** What to say about whatever a command failed with. */
export function reportOf(error: unknown): Report {
  // Where a message quotes an error of user code, its stack is nothing to report.
  const [message = ''] = messageOf(error).split(/\n\s+at /, 1);
  if (error instanceof CliError) {
    return { exitCode: error.facts.exitCode, code: error.code, message, ...adviceOf(error.facts) };
  }
  // Whatever a process refuses with a code is refused; the message of such an error says what to do, or its advice.
  if (error instanceof CodedError) {
    const { code, facts } = error;
    return { exitCode: exitCodeOf[code] ?? exitCodes.refused, code, message, ...adviceOf(facts) };
  }
  const advice = 'This should not happen: please report it, with what --log-level debug prints.';
  return { exitCode: exitCodes.failed, code: codeOf(error) ?? 'internal_error', message, advice };
}

/** The report as people read it: one or two lines. */
export function formatReport(report: Report, colors: Colors): string {
  const first = `${colors.red('reeve:')} ${report.message}`;
  return report.advice === undefined ? first : `${first}\n${colors.dim(report.advice)}`;
}

function adviceOf(facts: object): { readonly advice?: string } {
  return 'advice' in facts && typeof facts.advice === 'string' ? { advice: facts.advice } : {};
}
