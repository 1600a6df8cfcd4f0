/** A path that a document names and the repository does not have. */
export type DeadPath = { readonly path: string; readonly line: number };

/** Words in backticks are paths when they begin with one of these folders, or are a file at the root. */
const pathLike = /^(?:(?:packages|apps|test|tools|docs|\.ci)(?:\/[\w.-]+)*\/?|[\w.-]+\.(?:md|json|ts|yaml))$/;

/** Finds the paths named in backticks that `exists` does not know. */
export function deadPaths(markdown: string, exists: (path: string) => boolean): DeadPath[] {
  const dead: DeadPath[] = [];
  let fenced = false;
  for (const [index, text] of markdown.split('\n').entries()) {
    if (text.startsWith('```')) fenced = !fenced;
    if (fenced) continue;
    for (const [, word = ''] of text.matchAll(/`([^`]+)`/g)) {
      if (pathLike.test(word) && !exists(word)) dead.push({ path: word, line: index + 1 });
    }
  }
  return dead;
}
