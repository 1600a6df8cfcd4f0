import { posix } from 'node:path';
import { isNode, type Node, nameOf, parse, type Violation } from './style-rules.ts';

/** Reads a source file of the repository by its path; undefined when there is none. */
export type ReadSource = (path: string) => string | undefined;

type Exported =
  | { readonly kind: 'here'; readonly documented: boolean }
  | { readonly kind: 'elsewhere'; readonly from: string; readonly name: string };

type Module = { readonly exports: ReadonlyMap<string, Exported>; readonly stars: readonly string[] };

/** Every name that `indexPath` exports without a doc comment at its declaration, wherever in the package that is. */
export function undocumentedExports(indexPath: string, read: ReadSource): Violation[] {
  const modules = new Map<string, Module | undefined>();
  const load = (path: string): Module | undefined => {
    if (!modules.has(path)) {
      const text = read(path);
      modules.set(path, text === undefined ? undefined : readModule(text));
    }
    return modules.get(path);
  };
  return [...exportedNames(indexPath, load)]
    .filter((name) => !isDocumented(indexPath, name, load))
    .map((name) => ({
      rule: 'undocumented-export',
      key: `${indexPath}#${name}`,
      line: 1,
      value: 1,
      message: `${name} is public and has no doc comment`,
    }));
}

type Load = (path: string) => Module | undefined;

function exportedNames(path: string, load: Load, seen = new Set<string>()): Set<string> {
  const module = load(path);
  const names = new Set<string>();
  if (module === undefined || seen.has(path)) return names;
  seen.add(path);
  for (const name of module.exports.keys()) names.add(name);
  for (const from of module.stars) {
    const target = resolve(path, from);
    if (target === undefined) continue;
    for (const name of exportedNames(target, load, seen)) if (name !== 'default') names.add(name);
  }
  return names;
}

function isDocumented(path: string, name: string, load: Load): boolean {
  const module = load(path);
  const found = module?.exports.get(name);
  if (found?.kind === 'here') return found.documented;
  if (found?.kind === 'elsewhere') {
    const target = resolve(path, found.from);
    // What another package exports is documented there.
    return target === undefined || isDocumented(target, found.name, load);
  }
  const targets = (module?.stars ?? []).map((from) => resolve(path, from)).filter((target) => target !== undefined);
  return targets.some((target) => exportedNames(target, load).has(name) && isDocumented(target, name, load));
}

function resolve(path: string, from: string): string | undefined {
  return from.startsWith('.') ? posix.join(posix.dirname(path), from) : undefined;
}

function readModule(text: string): Module {
  const bytes = Buffer.from(text);
  const exports = new Map<string, Exported>();
  const stars: string[] = [];
  const locals = new Map<string, Exported>();
  const body = (parse(text).body as unknown[]).filter(isNode);
  for (const node of body) for (const [name, local] of localsOf(node, bytes)) keepDocumented(locals, name, local);
  for (const node of body) {
    if (node.type === 'ExportAllDeclaration') stars.push(nameOf(node.source) ?? '');
    for (const [name, exported] of exportsOf(node, bytes, locals)) keepDocumented(exports, name, exported);
  }
  return { exports, stars };
}

/** Overloads and merged declarations share one comment: the first that has it wins. */
function keepDocumented(map: Map<string, Exported>, name: string, exported: Exported): void {
  const before = map.get(name);
  if (before === undefined || (before.kind === 'here' && !before.documented)) map.set(name, exported);
}

function* localsOf(node: Node, bytes: Buffer): Generator<[string, Exported]> {
  if (node.type === 'ImportDeclaration') {
    for (const specifier of nodes(node.specifiers)) {
      const local = nameOf(specifier.local) ?? '';
      const name = specifier.type === 'ImportDefaultSpecifier' ? 'default' : (nameOf(specifier.imported) ?? local);
      yield [local, { kind: 'elsewhere', from: nameOf(node.source) ?? '', name }];
    }
    return;
  }
  for (const name of declaredNames(node)) yield [name, { kind: 'here', documented: hasDocComment(node, bytes) }];
}

function* exportsOf(node: Node, bytes: Buffer, locals: ReadonlyMap<string, Exported>): Generator<[string, Exported]> {
  const here: Exported = { kind: 'here', documented: hasDocComment(node, bytes) };
  switch (node.type) {
    case 'ExportDeclaration':
      if (isNode(node.declaration)) for (const name of declaredNames(node.declaration)) yield [name, here];
      return;
    case 'ExportDefaultDeclaration':
    case 'ExportDefaultExpression':
      yield ['default', here];
      return;
    case 'ExportNamedDeclaration':
      for (const specifier of nodes(node.specifiers)) {
        const origin = nameOf(specifier.orig) ?? nameOf(specifier.name) ?? '';
        const name = nameOf(specifier.exported) ?? origin;
        const from = nameOf(node.source);
        if (specifier.type === 'ExportNamespaceSpecifier') yield [origin, here];
        else if (from !== undefined) yield [name, { kind: 'elsewhere', from, name: origin }];
        else yield [name, locals.get(origin) ?? here];
      }
      return;
  }
}

function* declaredNames(node: Node): Generator<string> {
  const own = nameOf(node.identifier) ?? nameOf(node.id);
  if (own !== undefined) yield own;
  for (const declarator of nodes(node.declarations)) {
    const name = nameOf(declarator.id);
    if (name !== undefined) yield name;
  }
}

function nodes(value: unknown): Node[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

function hasDocComment(node: Node, bytes: Buffer): boolean {
  const start = (node.span as { start: number }).start - 1;
  const before = bytes
    .toString('utf8', 0, start)
    .replace(/(\s*\/\/[^\n]*\n?)+\s*$/, '')
    .trimEnd();
  if (!before.endsWith('*/')) return false;
  const comment = before.slice(before.lastIndexOf('/*'));
  return comment.startsWith('/**') && comment.length > '/** */'.length;
}
