import { describe, expect, test } from '@jest/globals';
import { ClientError, type ClientErrorCode, type Coordination, type TransactionPart } from '@reeve/client';
import { Gathering } from '../src/shared/gathering.ts';
import { OnceWriter } from '../src/shared/once-writer.ts';

type Answer = 'done' | { readonly code: ClientErrorCode; readonly part?: number; readonly outcome?: 'unknown' };

const lost: Answer = { code: 'connection_loss', outcome: 'unknown' };
const over: Answer = { code: 'session_expired', outcome: 'unknown' };
const part: TransactionPart = { op: 'delete', path: '/a' };

/** A service that answers transactions by a script, and remembers how each began. */
class Service {
  readonly marks: string[] = [];
  readonly created: string[] = [];
  readonly #answers: Answer[];

  constructor(...answers: readonly Answer[]) {
    this.#answers = [...answers];
  }

  get client(): Coordination {
    const client = {
      state: 'connected',
      onSession: () => () => undefined,
      create: async (path: string) => this.created.push(path),
      delete: async () => undefined,
      multi: async ([mark]: readonly TransactionPart[]) => this.#answer(mark as TransactionPart),
    };
    return client as unknown as Coordination;
  }

  #answer(mark: TransactionPart) {
    this.marks.push(mark.op === 'setData' ? `version ${mark.version}` : mark.op);
    const answer = this.#answers.shift() ?? 'done';
    if (answer === 'done') return [{}, { path: '/a' }];
    const { code, part: failedPart, outcome = 'failed' } = answer;
    throw new ClientError({ code, outcome, ...(failedPart !== undefined && { failedPart }) }, code);
  }
}

describe('a writer that writes once', () => {
  test('marks each transaction with the next version', async () => {
    const service = new Service();
    const writer = new OnceWriter(service.client, '/p');
    for (let turn = 0; turn < 3; turn += 1) expect(await writer.write([part])).toEqual([{ path: '/a' }]);
    expect(service.marks).toEqual(['create', 'version 0', 'version 1']);
  });

  test('recognises by the mark what was done before its answer was lost', async () => {
    const service = new Service(lost, { code: 'node_exists', part: 0 }, 'done', lost, { code: 'bad_version', part: 0 });
    const writer = new OnceWriter(service.client, '/p');
    expect(await writer.write([part])).toBe('answer_lost');
    expect(await writer.write([part])).toHaveLength(1);
    expect(await writer.write([part])).toBe('answer_lost');
    await writer.write([part]);
    expect(service.marks).toEqual(['create', 'create', 'version 0', 'version 1', 'version 1', 'version 2']);
  });

  test('writes again what was lost on its way', async () => {
    const service = new Service(lost);
    expect(await new OnceWriter(service.client, '/p').write([part])).toHaveLength(1);
    expect(service.marks).toEqual(['create', 'create']);
  });

  test('tells which of the parts failed, and that nothing was written', async () => {
    const service = new Service(lost, { code: 'no_node', part: 1 }, 'done');
    const writer = new OnceWriter(service.client, '/p');
    await expect(writer.write([part])).rejects.toMatchObject({ code: 'no_node', facts: { failedPart: 0 } });
    await writer.write([part]);
    expect(service.marks).toEqual(['create', 'create', 'create']);
  });

  test('makes the place of its mark, and the mark anew when somebody has deleted it', async () => {
    const service = new Service({ code: 'no_node', part: 0 }, 'done', { code: 'no_node', part: 0 });
    const writer = new OnceWriter(service.client, '/p');
    await writer.write([part]);
    expect(service.created).toEqual(['/p']);
    await writer.write([part]);
    expect(service.marks).toEqual(['create', 'create', 'version 0', 'create']);
  });

  test.each([
    ['the session ends before the answer', [lost, over], 'in_doubt'],
    ['the mark is gone before the answer', ['done', lost, { code: 'no_node', part: 0 }], 'in_doubt'],
    ['the session ends before it was sent', [{ code: 'session_expired' }], 'session_over'],
  ] as const)('when %s says what is known of it', async (_, answers, code) => {
    const writer = new OnceWriter(new Service(...answers).client, '/p');
    if (answers[0] === 'done') await writer.write([part]);
    await expect(writer.write([part])).rejects.toMatchObject({ code });
  });

  test('is ended by its owner', async () => {
    const writer = new OnceWriter(new Service().client, '/p');
    await writer.stop();
    await expect(writer.write([part])).rejects.toMatchObject({ code: 'stopped' });
  });
});

describe('what is asked', () => {
  /** Gathers numbers, and notes the batches; each batch waits for `go`. */
  function gatherer() {
    const batches: number[][] = [];
    let go: () => void = () => undefined;
    let forgotten = 0;
    const work = async (asked: { ask: number; resolve(answer: number): void }[]) => {
      const batch = asked.splice(0);
      batches.push(batch.map(({ ask }) => ask));
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      for (const { ask, resolve } of batch) resolve(ask * 10);
    };
    const gathering = new Gathering<number, number>('/p', work, () => {
      forgotten += 1;
    });
    return { gathering, batches, go: () => go(), forgotten: () => forgotten };
  }

  const turn = () => new Promise((resolve) => setImmediate(resolve));

  test('in one turn is one batch, and what is asked meanwhile is the next', async () => {
    const { gathering, batches, go } = gatherer();
    const first = [gathering.ask(1), gathering.ask(2)];
    await turn();
    const second = [gathering.ask(3), gathering.ask(4)];
    go();
    expect(await Promise.all(first)).toEqual([10, 20]);
    await turn();
    go();
    expect(await Promise.all(second)).toEqual([30, 40]);
    expect(batches).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  test('is taken back by who gives up before it is begun, and fulfilled otherwise', async () => {
    const { gathering, batches, go, forgotten } = gatherer();
    const giveUp = new AbortController();
    const begun = gathering.ask(1, { signal: giveUp.signal });
    await turn();
    const waiting = gathering.ask(2, { signal: giveUp.signal });
    giveUp.abort();
    await expect(begun).rejects.toMatchObject({ code: 'aborted' });
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
    await expect(gathering.ask(3, { timeoutMs: 0 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
    go();
    await turn();
    expect([batches, forgotten()]).toEqual([[[1]], 2]);
  });
});
