import { isBuiltin } from 'node:module';
import { parseSync } from '@swc/core';

/** One source file as the rules see it. */
export type SourceFile = {
  /** Path from the root of the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** Core code is deterministic; shell code does I/O. */
  readonly kind: 'core' | 'shell';
};

type Rule =
  | 'function-length'
  | 'file-length'
  | 'boolean-parameter'
  | 'bare-error'
  | 'any'
  | 'impure-core'
  | 'enum'
  | 'file-name'
  | 'undocumented-export';

/** A broken rule. `key` names the place without its line number, so that the baseline survives edits above it. */
export type Violation = {
  readonly rule: Rule;
  readonly key: string;
  readonly line: number;
  readonly value: number;
  readonly message: string;
};

export type FileMetrics = { readonly lines: number; readonly functionLines: readonly number[] };
export type Checked = { readonly violations: readonly Violation[]; readonly metrics: FileMetrics };

export const functionLinesMax = 70;
export const fileLinesMax = 500;

/** Closures shorter than this are expressions in disguise and would only flatter the median. */
const closureLinesMin = 4;

const functionTypes = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'ClassMethod',
  'PrivateMethod',
  'Constructor',
  'MethodProperty',
  'GetterProperty',
  'SetterProperty',
]);
const parameterOwners = new Set([
  ...functionTypes,
  'TsMethodSignature',
  'TsFunctionType',
  'TsConstructorType',
  'TsCallSignatureDeclaration',
]);
const vagueNames = new Set(['utils', 'util', 'helpers', 'helper', 'common', 'manager']);
const impureObjects = new Set(['process', 'console', 'performance', 'crypto', 'globalThis']);
const impureCalls = new Set([
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'clearImmediate',
  'queueMicrotask',
  'fetch',
  'require',
]);

/** A node of the parser's tree, read without trusting its shape. */
export type Node = { readonly type: string; readonly [field: string]: unknown };

/** Parses TypeScript; positions in the result are 1-based byte offsets into `text`. */
export function parse(text: string): Node {
  return parseSync(text, { syntax: 'typescript', target: 'es2023' }) as unknown as Node;
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

/** The child nodes of a node, in source order as far as the parser keeps it. */
function* children(node: object): Generator<Node> {
  for (const value of Object.values(node)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (isNode(item)) yield item;
      else if (typeof item === 'object' && item !== null) yield* children(item);
    }
  }
}

/** The name of an identifier, or of anything that carries one; undefined when there is none. */
export function nameOf(value: unknown): string | undefined {
  if (!isNode(value)) return undefined;
  const name = value.value;
  if (value.type === 'PrivateName' && isNode(value.id)) return `#${nameOf(value.id)}`;
  return typeof name === 'string' ? name : undefined;
}

/** Translates the parser's byte offsets into lines. */
class Lines {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    const bytes = Buffer.from(text);
    for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) this.#starts.push(at + 1);
  }

  at(offset: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  of(node: Node): { first: number; last: number } {
    const span = node.span as { start: number; end: number } | undefined;
    if (span === undefined) return { first: 1, last: 1 };
    return { first: this.at(span.start - 1), last: this.at(Math.max(span.start - 1, span.end - 2)) };
  }
}

/** Everything a rule may ask about the node at hand. */
class Walk {
  readonly file: SourceFile;
  readonly violations: Violation[] = [];
  readonly functionLines: number[] = [];
  readonly #lines: Lines;
  readonly #seen = new Map<string, number>();

  constructor(file: SourceFile) {
    this.file = file;
    this.#lines = new Lines(file.text);
  }

  lines(node: Node): { first: number; last: number } {
    return this.#lines.of(node);
  }

  report(rule: Rule, node: Node, found: { name: string; value?: number; message: string }): void {
    const base = `${this.file.path}#${found.name}`;
    const nth = (this.#seen.get(`${rule} ${base}`) ?? 0) + 1;
    this.#seen.set(`${rule} ${base}`, nth);
    this.violations.push({
      rule,
      key: nth === 1 ? base : `${base}:${nth}`,
      line: this.lines(node).first,
      value: found.value ?? 1,
      message: found.message,
    });
  }

  visit(node: Node, owner: string): void {
    let inside = owner;
    if (functionTypes.has(node.type)) inside = this.#function(node, owner);
    if (parameterOwners.has(node.type)) checkParameters(this, node, inside);
    checkNode(this, node, inside);
    if (this.file.kind === 'core') checkPurity(this, node, inside);
    for (const child of children(node)) this.visit(child, scopeName(node, child) ?? inside);
  }

  #function(node: Node, owner: string): string {
    const own = nameOf(node.identifier) ?? nameOf(node.key);
    const name = own === undefined || owner.endsWith(own) ? owner : `${owner}.${own}`;
    const { first, last } = this.lines(node);
    const length = last - first + 1;
    const closure = node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression';
    if (!closure || length >= closureLinesMin) this.functionLines.push(length);
    if (length > functionLinesMax) {
      this.report('function-length', node, {
        name,
        value: length,
        message: `${name} has ${length} lines, at most ${functionLinesMax} are allowed`,
      });
    }
    return name;
  }
}

/** A class or a variable lends its name to the functions inside it. */
function scopeName(node: Node, child: Node): string | undefined {
  if (node.type === 'ClassDeclaration') return nameOf(node.identifier);
  if (node.type === 'VariableDeclarator' && child === node.init) return nameOf(node.id);
  return undefined;
}

function checkParameters(walk: Walk, node: Node, owner: string): void {
  const params = parametersOf(node);
  for (const param of params) {
    const found = booleanParameter(param);
    // An only parameter called `value` is what the function is about, not a switch for how it works.
    if (found === undefined || (found === 'value' && params.length === 1)) continue;
    const name = `${owner}(${found})`;
    walk.report('boolean-parameter', param, {
      name,
      message: `${name} is a boolean parameter: name the choice in an options object or a union`,
    });
  }
}

/** Methods keep their parameters one level down, setters have one and not a list. */
function parametersOf(node: Node): Node[] {
  const inner = node.function as { params?: unknown } | undefined;
  const params = node.params ?? inner?.params ?? [node.param];
  return Array.isArray(params) ? params.filter(isNode) : [];
}

/** The name of a parameter that takes a boolean, by annotation or by default value. */
function booleanParameter(param: Node): string | undefined {
  if (param.type === 'Parameter' && isNode(param.pat)) return booleanParameter(param.pat);
  if (param.type === 'TsParameterProperty' && isNode(param.param)) return booleanParameter(param.param);
  if (param.type === 'AssignmentPattern' && isNode(param.left)) {
    const right = param.right;
    const defaulted = isNode(right) && right.type === 'BooleanLiteral' ? nameOf(param.left) : undefined;
    return booleanParameter(param.left) ?? defaulted;
  }
  const annotation = param.typeAnnotation;
  if (!isNode(annotation) || !isNode(annotation.typeAnnotation)) return undefined;
  return isBooleanType(annotation.typeAnnotation) ? (nameOf(param) ?? 'destructured') : undefined;
}

function isBooleanType(type: Node): boolean {
  if (type.type === 'TsKeywordType') return type.kind === 'boolean';
  if (type.type === 'TsLiteralType') return isNode(type.literal) && type.literal.type === 'BooleanLiteral';
  if (type.type === 'TsParenthesizedType') return isNode(type.typeAnnotation) && isBooleanType(type.typeAnnotation);
  if (type.type !== 'TsUnionType' || !Array.isArray(type.types)) return false;
  return type.types.filter(isNode).some(isBooleanType);
}

function checkNode(walk: Walk, node: Node, owner: string): void {
  switch (node.type) {
    case 'ThrowStatement':
      if (isPlainError(node.argument)) reportBareError(walk, node, owner);
      return;
    case 'CallExpression':
      if (isReject(node) && argumentsOf(node).some(isPlainError)) reportBareError(walk, node, owner);
      return;
    case 'TsKeywordType':
      if (node.kind !== 'any') return;
      walk.report('any', node, { name: owner, message: 'any switches the compiler off: use unknown and narrow it' });
      return;
    case 'TsEnumDeclaration': {
      const name = nameOf(node.id) ?? owner;
      walk.report('enum', node, { name, message: `${name} is an enum: use a union or a const table` });
      return;
    }
  }
}

function reportBareError(walk: Walk, node: Node, owner: string): void {
  if (walk.file.path === 'packages/foundation/base/src/assert.ts') return;
  walk.report('bare-error', node, {
    name: owner,
    message: 'a plain Error has no code: throw a CodedError, or assert with invariant()',
  });
}

function isPlainError(value: unknown): boolean {
  if (!isNode(value)) return false;
  return (value.type === 'NewExpression' || value.type === 'CallExpression') && nameOf(value.callee) === 'Error';
}

function isReject(call: Node): boolean {
  const callee = call.callee;
  if (!isNode(callee)) return false;
  return nameOf(callee) === 'reject' || (callee.type === 'MemberExpression' && nameOf(callee.property) === 'reject');
}

function argumentsOf(call: Node): unknown[] {
  const list = call.arguments;
  return Array.isArray(list) ? list.map((argument: { expression?: unknown }) => argument.expression) : [];
}

function checkPurity(walk: Walk, node: Node, owner: string): void {
  const found = impurity(node);
  if (found === undefined) return;
  walk.report('impure-core', node, {
    name: `${owner}:${found}`,
    message: `${found} in a core package: time, chance and I/O come in as events or arguments`,
  });
}

const corePackages = new Set(['base', 'wire', 'tree', 'zab', 'replica', 'tasks'].map((name) => `@reeve/${name}`));

/** What makes a node unfit for core code; undefined when it is fit. */
function impurity(node: Node): string | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration': {
      const from = nameOf(node.source);
      if (from === undefined || isBuiltin(from)) return from;
      // A type of a shell package is a contract; a value of it is I/O.
      const isShell = from.startsWith('@reeve/') && !corePackages.has(from);
      return isShell && node.typeOnly !== true ? from : undefined;
    }
    case 'MemberExpression':
      return impureMember(node);
    case 'NewExpression':
      return nameOf(node.callee) === 'Date' && argumentsOf(node).length === 0 ? 'new Date()' : undefined;
    case 'CallExpression': {
      const callee = node.callee;
      if (!isNode(callee)) return undefined;
      if (callee.type === 'Import') return 'import()';
      const name = callee.type === 'Identifier' ? nameOf(callee) : undefined;
      if (name === 'Date') return 'Date()';
      return name !== undefined && impureCalls.has(name) ? name : undefined;
    }
    default:
      return undefined;
  }
}

function impureMember(node: Node): string | undefined {
  const object = isNode(node.object) && node.object.type === 'Identifier' ? nameOf(node.object) : undefined;
  const property = nameOf(node.property);
  if (object === undefined) return undefined;
  if (impureObjects.has(object)) return object;
  if (object === 'Date' && property === 'now') return 'Date.now';
  if (object === 'Math' && property === 'random') return 'Math.random';
  return undefined;
}

function checkFileName(walk: Walk, tree: Node): void {
  const name = walk.file.path.split('/').at(-1)?.replace(/\.ts$/, '') ?? '';
  if (!name.split(/[-.]/).some((part) => vagueNames.has(part))) return;
  walk.report('file-name', tree, {
    name: 'name',
    message: `${name} says nothing: name the file after its main export`,
  });
}

/** Applies every rule that needs no other file than this one. */
export function checkFile(file: SourceFile): Checked {
  const tree = parse(file.text);
  const walk = new Walk(file);
  const lines = file.text.split('\n').length - (file.text.endsWith('\n') ? 1 : 0);
  if (lines > fileLinesMax) {
    walk.report('file-length', tree, {
      name: 'file',
      value: lines,
      message: `the file has ${lines} lines, at most ${fileLinesMax} are allowed`,
    });
  }
  checkFileName(walk, tree);
  walk.visit(tree, 'module');
  return { violations: walk.violations, metrics: { lines, functionLines: walk.functionLines } };
}
