/** A real coordination service on 127.0.0.1 that a test may stop, kill, pause and start again on the same data. */
export interface Engine {
  /** What it is, for the titles of tests. */
  readonly name: string;
  readonly port: number;
  /** `127.0.0.1:<port>`. */
  readonly address: string;
  /** Starts it, again on the same port and data; resolves when it serves. */
  start(): Promise<void>;
  /** Ends it in an orderly way. */
  stop(): Promise<void>;
  /** Ends it with SIGKILL. */
  kill(): Promise<void>;
  /** Stops its process (SIGSTOP): sockets stay open and silent. */
  pause(): void;
  /** Lets a paused process go on (SIGCONT). */
  resume(): void;
}
