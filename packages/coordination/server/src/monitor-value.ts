/** A figure of a coordinator, under ZooKeeper's name where it has one that means the same. */
export type MonitorValue =
  | { readonly kind: 'text'; readonly name: string; readonly help: string; readonly value: string }
  | { readonly kind: 'gauge' | 'counter'; readonly name: string; readonly help: string; readonly value: number }
  | {
      readonly kind: 'summary';
      readonly name: string;
      readonly help: string;
      readonly count: number;
      readonly sum: number;
      readonly min: number;
      readonly max: number;
      readonly average: number;
      /** The shares, such as 0.99, with the values below which they lie; empty where none are kept. */
      readonly quantiles: readonly { readonly share: number; readonly value: number }[];
    };

/** A figure that is a text. */
export function text(name: string, value: string, help: string): MonitorValue {
  return { kind: 'text', name, value, help };
}

/** A figure that goes up and down. */
export function gauge(name: string, value: number, help: string): MonitorValue {
  return { kind: 'gauge', name, value, help };
}

/** A figure that only grows. */
export function counter(name: string, value: number, help: string): MonitorValue {
  return { kind: 'counter', name, value, help };
}

/** A figure as `mntr` and the admin command `monitor` give it: a summary is several. Only averages have fractions. */
export function monitorLines(figure: MonitorValue): [name: string, value: string | number][] {
  const { kind, name } = figure;
  if (kind === 'text') return [[name, figure.value]];
  if (kind !== 'summary')
    return [[name, name.startsWith('avg_') ? Number(figure.value.toFixed(4)) : Math.round(figure.value)]];
  return [
    [`avg_${name}`, Number(figure.average.toFixed(4))],
    [`min_${name}`, Math.round(figure.min)],
    [`max_${name}`, Math.round(figure.max)],
    [`cnt_${name}`, figure.count],
    [`sum_${name}`, Math.round(figure.sum)],
    ...figure.quantiles.map(({ share, value }): [string, number] => [
      `p${String(share).slice(2).padEnd(2, '0')}_${name}`,
      Math.round(value),
    ]),
  ];
}
