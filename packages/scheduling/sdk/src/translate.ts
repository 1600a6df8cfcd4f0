import { unreachable as never } from '@reeve/base';
import { ClientError } from '@reeve/client';
import { RecordError, ScheduleError } from '@reeve/tasks';
import { ReeveError } from './reeve-error.ts';

/** What an operation of the SDK rejects with, for whatever went wrong below it. */
export function translate(error: unknown, connect: string): unknown {
  if (error instanceof ScheduleError) return fromSchedule(error);
  if (error instanceof ClientError) return fromClient(error, connect);
  if (error instanceof RecordError) return refused(error, 'Another release may have written it: use that, or a newer.');
  return error;
}

/** No coordinator answered, at any of these addresses. */
function unreachable(connect: string, cause: ClientError): ReeveError {
  const { reason = '' } = cause.facts;
  const advice = reason.startsWith('TLS')
    ? `One is there, but ${reason}.`
    : 'Start one with "reeve up", or say where it is with --connect or REEVE_CONNECT.';
  return new ReeveError({ code: 'unreachable', connect, advice }, `no coordinator answers at ${connect}`, { cause });
}

function fromSchedule(error: ScheduleError): ReeveError {
  const { facts } = error;
  switch (facts.code) {
    case 'task_unknown':
    case 'task_not_finished':
      return new ReeveError({ code: facts.code, taskId: facts.taskId }, error.message, { cause: error });
    case 'not_initialised':
      return new ReeveError({ code: facts.code }, error.message, { cause: error });
    case 'spec_too_large':
    case 'task_id_invalid':
      return new ReeveError({ code: 'invalid_task', taskId: facts.taskId }, error.message, { cause: error });
    case 'deposed':
    case 'not_initialisable':
      return refused(error);
    default:
      return never(facts);
  }
}

function fromClient(error: ClientError, connect: string): ReeveError {
  switch (error.code) {
    case 'unreachable':
      return unreachable(connect, error);
    case 'aborted':
    case 'deadline_exceeded':
    case 'invalid_argument':
      return new ReeveError({ code: error.code }, error.message, { cause: error });
    case 'client_closed':
      return new ReeveError({ code: 'closed' }, error.message, { cause: error });
    default:
      return refused(error);
  }
}

function refused(error: ClientError | ScheduleError | RecordError, advice?: string): ReeveError {
  const facts = { code: 'refused', reason: error.code, ...(advice === undefined ? {} : { advice }) } as const;
  return new ReeveError(facts, error.message, { cause: error });
}
