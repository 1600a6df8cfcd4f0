import { eventually, RawClient } from '@reeve/testkit';

/** A client that does nothing wrong, one request after the other, and wants every one of them answered. */
export class Bystander {
  readonly #client: RawClient;
  readonly #path: string;
  #rounds = 0;
  #failure: string | undefined;
  #stopped = false;
  #running: Promise<void> | undefined;

  private constructor(client: RawClient, path: string) {
    this.#client = client;
    this.#path = path;
  }

  static async start(port: number, path: string): Promise<Bystander> {
    const bystander = new Bystander(await RawClient.open(port), path);
    bystander.#running = bystander.#run();
    return bystander;
  }

  /** Waits until it has been served several times more, whatever else goes on. */
  async goesOn(rounds = 10): Promise<void> {
    const goal = this.#rounds + rounds;
    const what = `a client beside an attack is served (${rounds} rounds)`;
    await eventually(() => this.#failure ?? this.#rounds >= goal, { what, deadlineMs: 60_000 });
    if (this.#failure !== undefined) throw new Error(this.#failure);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    await this.#client.destroy();
  }

  async #run(): Promise<void> {
    while (!this.#stopped && this.#failure === undefined) {
      const text = `round ${this.#rounds}`;
      const steps = [
        (await this.#client.create(this.#path, text)).error,
        await this.#client.data(this.#path),
        (await this.#client.request('delete', { path: this.#path, version: -1 })).error,
      ].join(', ');
      if (steps === `ok, ${text}, ok`) this.#rounds += 1;
      else this.#failure = `${this.#path}: ${steps}`;
    }
  }
}
