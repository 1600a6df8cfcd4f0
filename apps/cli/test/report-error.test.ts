import { describe, expect, test } from '@jest/globals';
import { CodedError } from '@reeve/base';
import { ReeveError } from '@reeve/sdk';
import { interrupted, usageError } from '../src/cli-error.ts';
import { colorsFor } from '../src/output/colors.ts';
import { formatReport, reportOf } from '../src/report-error.ts';

const colors = colorsFor({ isTTY: false, env: {} });

describe('a failure', () => {
  test.each([
    [usageError('nothing to submit', 'Name a handler.'), 2, 'usage'],
    [interrupted(), 130, 'interrupted'],
    [new ReeveError({ code: 'task_unknown' }, 'there is no task x'), 3, 'task_unknown'],
    [new ReeveError({ code: 'unreachable' }, 'no coordinator'), 4, 'unreachable'],
    [new ReeveError({ code: 'task_finished' }, 'finished'), 5, 'task_finished'],
    [new ReeveError({ code: 'task_failed' }, 'failed'), 1, 'task_failed'],
    [new ReeveError({ code: 'deadline_exceeded' }, 'late'), 124, 'deadline_exceeded'],
    [new ReeveError({ code: 'aborted' }, 'aborted'), 130, 'aborted'],
    [new CodedError({ code: 'port_in_use' }, 'in use'), 5, 'port_in_use'],
    [new CodedError({ code: 'config_invalid' }, 'wrong'), 2, 'config_invalid'],
    [new TypeError('x is undefined'), 1, 'internal_error'],
  ])('%s ends with exit code %d and says %s', (error, exitCode, code) => {
    expect(reportOf(error)).toMatchObject({ exitCode, code, message: error.message });
  });

  test('is told in one line, with advice in two, and without a stack', () => {
    expect(formatReport(reportOf(usageError('wrong')), colors)).toBe('reeve: wrong');
    expect(formatReport(reportOf(usageError('wrong', 'Do it right.')), colors)).toBe('reeve: wrong\nDo it right.');
  });

  test('that nobody foresaw asks to be reported', () => {
    expect(formatReport(reportOf(new TypeError('x')), colors)).toContain('please report it');
  });
});
