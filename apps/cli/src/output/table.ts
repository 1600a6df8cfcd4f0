import Table from 'cli-table3';
import type { Colors } from './colors.ts';

/** One column of a table: its heading, and the text of a row in it. */
export interface Column<Row> {
  readonly head: string;
  readonly text: (row: Row) => string;
  /** On a terminal, longer texts are cut to so many characters. */
  readonly widthMax?: number;
  /** Numbers read better on the right. */
  readonly align?: 'left' | 'right';
  /** Colours a cell; by its row. */
  readonly paint?: (row: Row) => (text: string) => string;
}

/** How a table looks. */
export interface TableStyle {
  readonly colors: Colors;
  /** The last column is cut so that no line is longer. */
  readonly width: number | undefined;
}

const GAP = '  ';
const LAST_COLUMN_MIN = 12;

const noBorders = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right', 'left', 'left-mid']
    .concat('mid', 'mid-mid', 'right', 'right-mid')
    .map((place) => [place, '']),
);

/** A table without borders: headings, then one line per row. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], style: TableStyle): string {
  const texts = rows.map((row) => columns.map((column) => cellText(column, row, style)));
  cutLast(columns, texts, style.width);
  const table = new Table({
    chars: { ...noBorders, middle: GAP },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    colAligns: columns.map((column) => column.align ?? 'left'),
    head: columns.map((column) => style.colors.dim(column.head)),
  });
  for (const [at, row] of rows.entries()) {
    table.push(columns.map((column, index) => (column.paint?.(row) ?? plain)(texts[at]?.[index] ?? '')));
  }
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

function plain(text: string): string {
  return text;
}

function cellText<Row>(column: Column<Row>, row: Row, style: TableStyle): string {
  const text = column.text(row).replaceAll(/\s+/g, ' ');
  return style.width === undefined || column.widthMax === undefined ? text : cut(text, column.widthMax);
}

function cutLast<Row>(columns: readonly Column<Row>[], texts: string[][], width: number | undefined): void {
  const last = columns.length - 1;
  if (width === undefined || columns[last]?.align === 'right') return;
  const others = columns.slice(0, last);
  const widthOf = (column: Column<Row>, at: number) =>
    texts.reduce((most, row) => Math.max(most, row[at]?.length ?? 0), column.head.length);
  const used = others.reduce((sum, column, at) => sum + widthOf(column, at) + GAP.length, 0);
  const room = Math.max(LAST_COLUMN_MIN, width - used);
  for (const row of texts) row[last] = cut(row[last] ?? '', room);
}

function cut(text: string, room: number): string {
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}
