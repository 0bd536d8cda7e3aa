/**
 * The generated tables of terminology. A code system is one text, its first line its description as JSON and each other
 * line a concept, indented by its depth; a value set likewise, each other line a part of its composition:
 *
 *     {"id":"v3-Example","version":"1"}        {"id":"example"}
 *     A⇥Display                                 +http://system        include it, whole unless lines follow
 *     ⇥B⇥Display⇥a⇥C,D                           ⇥code⇥Display         a code of it
 *                                                =concept⇥is-a⇥A       a filter
 *                                                ^http://other/set     what is in that set, too
 *                                                -http://system        exclude it
 *
 * The third column of a concept says whether it is abstract (`a`) or inactive (`i`), the fourth names what else is below.
 */
import type { Compose, Concept, Include, Selection, System } from './terminology-source.ts';

interface Description {
  readonly id: string;
  readonly version?: string;
  readonly name?: string;
  readonly title?: string;
}

export interface SystemDescription extends Description {
  readonly content: 'complete' | 'part';
  readonly caseSensitive: boolean;
}

/** The version of a row's system, without parsing its concepts. */
export function versionOf(row: string): string | undefined {
  const [head = '{}'] = row.split('\n', 1);
  return (JSON.parse(head) as SystemDescription).version; // written by our generator
}

export function parseSystem(url: string, row: string): System & { readonly id: string } {
  const [head = '{}', ...lines] = row.split('\n');
  const described = JSON.parse(head) as SystemDescription; // written by our generator
  const concepts = new Map<string, Concept & { parents: string[] }>();
  const above: string[] = [];
  const more: (readonly [parent: string, children: string])[] = [];
  for (const line of lines) {
    const depth = /^\t*/.exec(line)?.[0].length ?? 0;
    const [code = '', display = '', flags = '', children = ''] = line.slice(depth).split('\t');
    const parent = above[depth - 1];
    above[depth] = code;
    if (children !== '') more.push([code, children]);
    const key = described.caseSensitive ? code : code.toLowerCase();
    concepts.set(key, {
      code,
      ...(display !== '' && { display }),
      parents: depth === 0 || parent === undefined ? [] : [parent],
      ...(flags.includes('a') && { abstract: true as const }),
      ...(flags.includes('i') && { inactive: true as const }),
    });
  }
  for (const [parent, children] of more) {
    for (const child of children.split(',')) concepts.get(child)?.parents.push(parent);
  }
  return { ...described, url, concepts };
}

type Mutable = { -readonly [Key in keyof Include]: Include[Key] };

export function parseSelection(url: string, row: string): Selection & { readonly id: string } {
  const [head = '{}', ...lines] = row.split('\n');
  const described = JSON.parse(head) as Description; // written by our generator
  const include: Mutable[] = [];
  const exclude: Mutable[] = [];
  let part: Mutable = {};
  for (const line of lines) {
    const rest = line.slice(1);
    const [first = '', second = '', third = ''] = rest.split('\t');
    switch (line[0]) {
      case '+':
      case '-':
        part = rest === '' ? {} : { system: rest };
        (line[0] === '+' ? include : exclude).push(part);
        break;
      case '=':
        (part.filter ??= []).push({ property: first, op: second as 'is-a', value: third }); // as published
        break;
      case '^':
        (part.valueSet ??= []).push(rest);
        break;
      default:
        (part.concept ??= []).push({ code: first, ...(second !== '' && { display: second }) });
    }
  }
  const compose: Compose = { include, ...(exclude.length > 0 && { exclude }) };
  return { ...described, url, compose };
}
