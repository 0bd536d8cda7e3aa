/**
 * Lists what a TypeScript file imports. The compiler offers no interface for this, so it is a small scanner: comments,
 * strings, templates and regular expressions are blanked first, position by position, then four patterns find imports.
 */

export interface Import {
  /** As written; undefined when it is computed at run time. */
  readonly specifier: string | undefined;
  readonly kind: 'import' | 'export' | 'dynamic' | 'url';
  /** Erased before the file runs (`import type`, `export type`). `import { type A }` still loads the module. */
  readonly typeOnly: boolean;
  readonly line: number;
}

const PATTERNS: readonly { readonly kind: Import['kind']; readonly found: RegExp }[] = [
  {
    kind: 'import',
    found: /(?<![\w$.])import\b(\s+type\b(?!\s*(?:,|from\b)))?\s*(?:[\w$*{][^'"`;()=]*?from\s*)?(?=['"])/g,
  },
  {
    kind: 'export',
    found: /(?<![\w$.])export\s+(type\s+)?(?:\*(?:\s*as\s+[\w$]+)?|\{[^}]*\})\s*from\s*(?=['"])/g,
  },
  { kind: 'dynamic', found: /(?<![\w$.])(?:import|require)()\s*\(\s*/g },
  { kind: 'url', found: /\bnew\s+URL()\(\s*(?=['"][^)]*import\.meta)/g },
];

/** Every import of a source, in the order of the file. */
export function listImports(source: string): readonly Import[] {
  const code = blank(source);
  return PATTERNS.flatMap(({ kind, found }) =>
    [...code.matchAll(found)].map((match) => ({
      kind,
      typeOnly: match[1] !== undefined && match[1] !== '',
      specifier: readString(source, code, match.index + match[0].length),
      line: lineAt(source, match.index),
    })),
  ).toSorted((a, b) => a.line - b.line);
}

/** The line, counted from 1, of a position. */
export function lineAt(source: string, position: number): number {
  return source.slice(0, position).split('\n').length;
}

function readString(source: string, code: string, start: number): string | undefined {
  const quote = code[start];
  if (quote !== "'" && quote !== '"') return undefined;
  return source.slice(start + 1, code.indexOf(quote, start + 1));
}

/** Words after which a slash opens a regular expression. */
const BEFORE_REGEX =
  /(?:^|[(,=:[!&|?{};+\-*%<>~^}])$|\b(?:return|typeof|case|in|of|void|delete|do|else|yield|await)$/;

/**
 * The source with the same positions and lines, in which only code is left: comments are spaces, and so is everything
 * between the quotes of strings, templates and regular expressions. What stands in `${}` of a template is code.
 */
export function blank(source: string): string {
  const out = source.split('');
  /** Depth of braces inside each open `${`. */
  const templates: number[] = [];
  const erase = (from: number, to: number) => {
    for (let i = from; i < to; i += 1) if (out[i] !== '\n') out[i] = ' ';
  };
  const eraseTemplate = (from: number): number => {
    const end = endOfTemplate(source, from);
    erase(from, end);
    if (source[end] === '$') templates.push(0);
    return source[end] === '$' ? end + 2 : end + 1;
  };
  let at = 0;
  while (at < source.length) {
    const char = source[at];
    const next = source[at + 1];
    if (char === '/' && (next === '/' || next === '*')) {
      const end = endOfComment(source, at);
      erase(at, end);
      at = end;
    } else if (char === "'" || char === '"') {
      const end = endOfString(source, at + 1, char);
      erase(at + 1, end);
      at = end + 1;
    } else if (char === '`') {
      at = eraseTemplate(at + 1);
    } else if (
      char === '/' &&
      BEFORE_REGEX.test(
        out
          .slice(Math.max(0, at - 40), at)
          .join('')
          .trimEnd(),
      )
    ) {
      const end = endOfRegex(source, at + 1);
      if (end !== undefined) erase(at + 1, end);
      at = (end ?? at) + 1;
    } else if (templates.length > 0 && char === '}' && templates.at(-1) === 0) {
      templates.pop();
      at = eraseTemplate(at + 1);
    } else {
      if (char === '{' && templates.length > 0) templates.push((templates.pop() ?? 0) + 1);
      if (char === '}' && templates.length > 0) templates.push((templates.pop() ?? 0) - 1);
      at += 1;
    }
  }
  return out.join('');
}

function endOfComment(source: string, start: number): number {
  const close = source[start + 1] === '/' ? '\n' : '*/';
  const end = source.indexOf(close, start + 2);
  if (end === -1) return source.length;
  return close === '\n' ? end : end + 2;
}

function endOfString(source: string, start: number, quote: string): number {
  let at = start;
  while (at < source.length && source[at] !== quote && source[at] !== '\n') at += source[at] === '\\' ? 2 : 1;
  return at;
}

/** Where the text of a template ends: at its closing backtick or at the next `${`. */
function endOfTemplate(source: string, start: number): number {
  let at = start;
  while (at < source.length && source[at] !== '`' && !(source[at] === '$' && source[at + 1] === '{')) {
    at += source[at] === '\\' ? 2 : 1;
  }
  return at;
}

/** Undefined when the line ends first: then the slash was a division. */
function endOfRegex(source: string, start: number): number | undefined {
  let inClass = false;
  for (let at = start; at < source.length; at += 1) {
    const char = source[at];
    if (char === '\n') return undefined;
    if (char === '\\') at += 1;
    else if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    else if (char === '/' && !inClass) return at;
  }
  return undefined;
}
