/**
 * The examples of `docs/interactions`: a `sh` block that sends a request with curl and keeps the answer in a file, followed
 * by an `http` block with what matters of that answer. A page is read from top to bottom like a session:
 *
 * - In an answer `{name}` is bound where it stands first, and the same where it stands again; `{base}` is bound from the
 *   beginning.
 * - An answer shows what matters: status, the headers it names, and of a JSON body the members it shows, lists included.
 *   `"…"` stands for any value. A body that is no JSON is shown whole, or as lines that occur in it in this order.
 * - A `sh` block that no answer follows is run all the same.
 */

/** What a page promises of one answer. */
export interface Shown {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export interface Example {
  /** The line with the address, for the title of its test. */
  readonly title: string;
  readonly script: string;
  /** Undefined when the page shows no answer. */
  readonly answer: Shown | undefined;
}

/** The examples of a page, in its order. Throws when an answer has no request. */
export function readExamples(page: string): readonly Example[] {
  const examples: { title: string; script: string; answer: Shown | undefined }[] = [];
  for (const [, language, block = ''] of page.matchAll(/```(sh|http)\n([\s\S]*?)```/g)) {
    if (language === 'sh') {
      const [title = ''] = block.split('\n').filter((line) => /"\$[A-Z]/.test(line));
      examples.push({ title: title.trim().replace(/ \\$/, ''), script: block, answer: undefined });
      continue;
    }
    const last = examples.at(-1);
    if (last === undefined || last.answer !== undefined) throw new Error('an answer without its request');
    last.answer = readAnswer(block);
  }
  return examples;
}

/** An answer as curl prints it with `-i`, or as a page shows it. */
export function readAnswer(text: string): Shown {
  const [head = '', ...rest] = text.replaceAll('\r\n', '\n').trimEnd().split('\n\n');
  const [first = '', ...lines] = head.split('\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]);
  if (Number.isNaN(status)) throw new Error(`no answer: ${text}`);
  const headers = lines.map((line): [string, string] => {
    const at = line.indexOf(':');
    return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
  });
  return { status, headers, body: rest.join('\n\n') };
}

export type Bound = Map<string, string>;

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

/** Everything in which an answer differs from what the page shows of it. */
export function faults(shown: Shown, sent: Shown, bound: Bound): readonly string[] {
  const status = shown.status === sent.status ? [] : [`status ${sent.status}: ${sent.body}`];
  const told = new Map(sent.headers);
  const headers = shown.headers.flatMap(([name, value]) => {
    const fault = bind(value, told.get(name) ?? '', bound);
    return fault === undefined ? [] : [`${name}: ${fault}`];
  });
  return [...status, ...headers, ...faultsOfBody(shown.body, sent.body, bound)];
}

function faultsOfBody(shown: string, sent: string, bound: Bound): readonly string[] {
  if (shown === '') return [];
  if (shown.startsWith('{'))
    return differences(JSON.parse(shown), JSON.parse(sent === '' ? '{}' : sent), bound);
  const lines = shown.split('\n').map((line) => line.trim());
  const fault = bind(`…${lines.join('…')}…`, sent, bound);
  return fault === undefined ? [] : [fault];
}
