/** A clause of R4, and the tests that show that this server keeps it; `docs/conformance.md` is generated from these. */

/** A test by its file below `test/` and a part of its name, as the report of a run has it; no name: all of the file. */
export type Shown = `${string} › ${string}`;

export interface Clause {
  /** The anchor below http://hl7.org/fhir/R4/, with its page: `http.html#read`. */
  readonly at: string;
  /** What the standard asks, in our words. */
  readonly asks: string;
  /** The tests that show it. */
  readonly shown?: readonly Shown[];
  /** The reason why the server does not offer it, and the answer that a client gets instead. */
  readonly not?: string;
}

export interface Chapter {
  readonly title: string;
  readonly clauses: readonly Clause[];
}

/** A clause that is kept. */
export const kept = (at: string, asks: string, ...shown: readonly Shown[]): Clause => ({ at, asks, shown });

/** A clause that is not offered. */
export const notOffered = (at: string, asks: string, not: string): Clause => ({ at, asks, not });

/** Rows of the table: `| clause | what it asks | shown by |`. */
export function chapterMarkdown({ title, clauses }: Chapter): string {
  const rows = clauses.map(({ at, asks, shown = [], not }) => {
    const proof = not === undefined ? shown.map(proofOf).join('<br>') : `**not offered**: ${not}`;
    return `| [${at}](http://hl7.org/fhir/R4/${at}) | ${escaped(asks)} | ${escaped(proof)} |`;
  });
  return [`## ${title}`, '', '| clause | what it asks | shown by |', '| --- | --- | --- |', ...rows].join(
    '\n',
  );
}

function proofOf(shown: Shown): string {
  const [file = '', name = ''] = shown.split(' › ');
  const link = `[${file.replace(/^conformance\//, '').replace('.test.ts', '')}](../test/${file})`;
  return name === '' ? link : `${link}: ${name}`;
}

const escaped = (text: string): string => text.replaceAll('|', '\\|');
