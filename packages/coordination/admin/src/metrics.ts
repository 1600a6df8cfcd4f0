import type { CoordinatorReport, MonitorValue } from '@reeve/server';
import { Counter, collectDefaultMetrics, Gauge, Registry, Summary } from 'prom-client';

type Figure<K extends MonitorValue['kind']> = Extract<MonitorValue, { kind: K }>;

/** What is told in words; that of each learner is for `mntr` alone, as it never stays the same. */
const infoLabels: string[] = ['version', 'server_state', 'peer_state'];

/** The figures of a coordinator in the form that Prometheus reads. */
export class Metrics {
  readonly #report: () => CoordinatorReport;
  readonly #registry = new Registry();
  /** The figures of the scrape at hand, by name. */
  readonly #figures = new Map<string, MonitorValue>();

  /** @param ofProcess whether memory, event loop and the like of the process are among them */
  constructor(report: () => CoordinatorReport, ofProcess: 'exported' | 'left_out') {
    this.#report = report;
    this.#info();
    if (ofProcess === 'exported') collectDefaultMetrics({ register: this.#registry });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All of it, as of now. */
  async text(): Promise<string> {
    const figures = await this.#report().monitor();
    this.#figures.clear();
    for (const figure of figures) {
      if (this.#registry.getSingleMetric(figure.name) === undefined) this.#register(figure);
      this.#figures.set(figure.name, figure);
    }
    return this.#registry.metrics();
  }

  #register(figure: MonitorValue): void {
    const { name, help } = figure;
    const about = { name, help, registers: [this.#registry] };
    const value = () => (this.#figures.get(name) as Extract<MonitorValue, { value: number }> | undefined)?.value;
    if (figure.kind === 'gauge') {
      new Gauge({
        ...about,
        collect() {
          const now = value();
          // What only a leader tells is not told by one that was.
          if (now === undefined) this.remove();
          else this.set(now);
        },
      });
    } else if (figure.kind === 'counter') {
      new Counter({
        ...about,
        collect() {
          this.reset();
          this.inc(value() ?? 0);
        },
      });
    } else if (figure.kind === 'summary') {
      new KnownSummary(about, () => this.#figures.get(name) as Figure<'summary'>);
    }
  }

  /** What is told in words is told in labels. */
  #info(): void {
    const texts = () =>
      [...this.#figures.values()].filter(
        (figure): figure is Figure<'text'> => figure.kind === 'text' && infoLabels.includes(figure.name),
      );
    new Gauge({
      name: 'reeve_coordinator_info',
      help: 'Always 1: version and state are in the labels',
      labelNames: infoLabels,
      registers: [this.#registry],
      collect() {
        this.reset();
        this.set(Object.fromEntries(texts().map(({ name, value }) => [name, value])), 1);
      },
    });
  }
}

/** A summary whose figures are kept elsewhere: prom-client would keep them a second time, at a price for each request. */
class KnownSummary extends Summary {
  readonly #about: { readonly name: string; readonly help: string };
  readonly #figure: () => Figure<'summary'>;

  constructor(about: { name: string; help: string; registers: Registry[] }, figure: () => Figure<'summary'>) {
    super(about);
    this.#about = about;
    this.#figure = figure;
  }

  override async get(): ReturnType<Summary['get']> {
    const { name, help } = this.#about;
    const { quantiles, sum, count } = this.#figure();
    const values = [
      ...quantiles.map(({ share, value }) => ({ labels: { quantile: share }, value })),
      { metricName: `${name}_sum`, labels: {}, value: sum },
      { metricName: `${name}_count`, labels: {}, value: count },
    ];
    return { name, help, type: 'summary', values, aggregator: 'sum' } as unknown as ReturnType<Summary['get']>;
  }
}
