/**
 * The examples of `docs/interactions`: pairs of `http` blocks, a request and what it is answered. A page is read from top
 * to bottom like a session:
 *
 * - `{name}` in a request is what that name was bound to; in a response it is bound where it stands first, and the same
 *   where it stands again. `{base}`, and a token for each party under its name, are bound from the beginning.
 * - A response shows what matters: status, the headers it names, and of a JSON body the members it shows, lists included.
 *   `"…"` stands for any value. A body that is no JSON is shown whole, or as lines that occur in it in this order.
 */

/** One request of a page and the answer that the page promises. */
export interface Example {
  /** The request's first line, for the title of its test. */
  readonly title: string;
  readonly method: string;
  /** Below the base. */
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly answer: {
    readonly status: number;
    readonly headers: readonly (readonly [name: string, value: string])[];
    readonly body: string;
  };
}

/** The `http` blocks of a page, two by two. Throws when one has no partner. */
export function readExamples(page: string): readonly Example[] {
  const blocks = [...page.matchAll(/```http\n([\s\S]*?)```/g)].map(([, block = '']) => readBlock(block));
  if (blocks.length % 2 !== 0) throw new Error('a request without its answer');
  return Array.from({ length: blocks.length / 2 }, (_, index) => {
    const [asked, answered] = [blocks[2 * index], blocks[2 * index + 1]];
    if (asked === undefined || answered === undefined) throw new Error('two blocks make an example');
    const [, method = '', path = ''] = /^([A-Z]+) \/?(\S*)$/.exec(asked.first) ?? [];
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answered.first)?.[1]);
    if (method === '' || Number.isNaN(status)) throw new Error(`no example: ${asked.first}`);
    const { headers, body } = answered;
    return { ...asked, title: asked.first, method, path, answer: { status, headers, body } };
  });
}

function readBlock(block: string): { first: string; headers: [string, string][]; body: string } {
  const [head = '', ...rest] = block.trimEnd().split('\n\n');
  const [first = '', ...lines] = head.split('\n');
  const headers = lines.map((line): [string, string] => {
    const at = line.indexOf(':');
    return [line.slice(0, at), line.slice(at + 1).trim()];
  });
  return { first, headers, body: rest.join('\n\n') };
}

export type Bound = Map<string, string>;

/** The text with its names replaced. Throws for a name that nothing has bound. */
export function fill(text: string, bound: Bound): string {
  return text.replaceAll(/\{([a-z][\w-]*)\}/g, (_, name: string) => {
    const value = bound.get(name);
    if (value === undefined) throw new Error(`nothing before has bound {${name}}`);
    return value;
  });
}

/** Binds the names of a shown text by the text that was sent. Returns what differs, or undefined. */
export function bind(shown: string, sent: string, bound: Bound): string | undefined {
  const names: string[] = [];
  const pattern = shown
    .split(/(\{[a-z][\w-]*\}|…)/)
    .map((part) => {
      if (part === '…') return '[^]*?';
      const name = /^\{(.*)\}$/.exec(part)?.[1];
      if (name === undefined) return escapeText(part);
      const known = bound.get(name);
      if (known !== undefined) return escapeText(known);
      if (names.includes(name)) return `\\${names.indexOf(name) + 1}`;
      names.push(name);
      return String.raw`([^\s"/?&#;,<>]+)`;
    })
    .join('');
  const found = new RegExp(`^${pattern}$`).exec(sent);
  if (found === null) return `expected ${shown}, got ${sent}`;
  for (const [index, name] of names.entries()) bound.set(name, found[index + 1] ?? '');
  return undefined;
}

const escapeText = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`);

/** What of a shown JSON value is not in the one that was sent, as lines that name the place. */
export function differences(shown: unknown, sent: unknown, bound: Bound, place = '$'): readonly string[] {
  if (typeof shown === 'string') {
    if (shown === '…') return sent === undefined ? [`${place} is missing`] : [];
    const fault = bind(shown, String(sent), bound);
    return fault === undefined ? [] : [`${place}: ${fault}`];
  }
  if (Array.isArray(shown)) {
    if (!Array.isArray(sent)) return [`${place}: expected a list`];
    const short = sent.length < shown.length ? [`${place}: ${sent.length} of ${shown.length} members`] : [];
    return [
      ...short,
      ...shown.flatMap((member, index) => differences(member, sent[index], bound, `${place}[${index}]`)),
    ];
  }
  if (typeof shown !== 'object' || shown === null) {
    return shown === sent ? [] : [`${place}: expected ${String(shown)}, got ${JSON.stringify(sent)}`];
  }
  const tree = (typeof sent === 'object' && sent !== null ? sent : {}) as Readonly<Record<string, unknown>>; // JSON
  return Object.entries(shown).flatMap(([name, value]) =>
    differences(value, tree[name], bound, `${place}.${name}`),
  );
}
