import { type Engine, Ensemble } from '@reeve/testkit';

/** What other people's clients are run against: one server, or an ensemble. */
export type Served = Engine | Ensemble;

/** What a program in another language may ask us to do to a server. */
export interface ServerDeed {
  readonly engine: 'stop' | 'start' | 'kill' | 'pause' | 'resume';
  /** Which member of an ensemble, by its address. The leader unless given, or the one that was last felled. */
  readonly at?: string;
}

/** The server or the ensemble that a program in another language tests, and may ask us to do something to. */
export class ServerUnderTest {
  /** A connect string. */
  readonly address: string;
  readonly #members: readonly Engine[];
  readonly #leader: () => Promise<Engine>;
  /** What went down by the last deed that named no member: it comes back by the next. */
  #down: Engine | undefined;

  constructor(served: Served) {
    this.address = served instanceof Ensemble ? served.connect : served.address;
    this.#members = served instanceof Ensemble ? served.members : [served];
    this.#leader = async () => (served instanceof Ensemble ? served.leader() : served);
  }

  async perform({ engine: deed, at }: ServerDeed): Promise<void> {
    const named = () => this.#members.find(({ address }) => address === at) as Engine;
    const member = at === undefined ? (this.#down ?? (await this.#leader())) : named();
    await member[deed]();
    if (at === undefined) this.#down = deed === 'start' || deed === 'resume' ? undefined : member;
  }
}
