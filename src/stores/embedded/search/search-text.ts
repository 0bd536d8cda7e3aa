/**
 * Clauses on texts in SQL: words by the full text that is attached to the connection (`text.words`), and the text
 * beside a code, narrowed by full text if there is one and verified on the stored text.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Clause } from '../../../ports/query.ts';
import { STEM_MIN, wordsOf } from '../../../fhir/words.ts';
import { sql } from '../sql.ts';
import type { Sql } from '../sql.ts';

/** Connections to which full text is attached. */
const withTexts = new WeakSet<DatabaseSync>();

/** Records whether full text is attached to this connection. */
export function noteTexts(db: DatabaseSync, attached: boolean): void {
  if (attached) withTexts.add(db);
  else withTexts.delete(db);
}

/** The FTS5 expression for a clause; '' when it looks at anything but words. The words themselves are bound. */
export function expressionOf(clause: Clause): string {
  switch (clause.kind) {
    case 'text': {
      const columns = clause.within === 'narrative' ? 'narrative' : '{narrative content}';
      return `(${columns} : ${phraseOf(clause.words, clause.starts)})`;
    }
    case 'any':
      return together(clause.of.map(expressionOf), 'OR');
    case 'all':
      return expressionOfAll(clause.of);
    default:
      return '';
  }
}

/** FTS5 can exclude only from what it has found, so there must be something to find. */
function expressionOfAll(clauses: readonly Clause[]): string {
  const found = together(
    clauses.flatMap((clause) => (clause.kind === 'not' ? [] : [expressionOf(clause)])),
    'AND',
  );
  const excluded = clauses.flatMap((clause) => (clause.kind === 'not' ? [expressionOf(clause.clause)] : []));
  if (found === '' || excluded.includes('')) return '';
  return excluded.reduce((left, right) => `(${left} NOT ${right})`, found);
}

const together = (parts: readonly string[], by: 'AND' | 'OR'): string =>
  parts.length === 0 || parts.includes('') ? '' : `(${parts.join(` ${by} `)})`;

/** Words are letters and digits, so none can end the quotation. */
const phraseOf = (words: readonly string[], starts: boolean): string =>
  `"${words.join(' ')}"${starts ? ' *' : ''}`;

/** The versions of a type whose texts satisfy an expression, in the order of writing. */
export function versionsWith(expression: string, type: string): Sql {
  return sql`SELECT rowid AS vid FROM text.words WHERE words MATCH ${`(type : "${type}") AND ${expression}`}`;
}

/**
 * The same among the versions from one to another. SQLite binds numbers as floating; FTS5 compares row ids as integers.
 */
export const versionsBetween = (expression: string, type: string, from: number, to: number): Sql =>
  sql`${versionsWith(expression, type)} AND rowid BETWEEN CAST(${from} AS INTEGER) AND CAST(${to} AS INTEGER)`;

/**
 * The condition that a version's texts satisfy an expression. The list is made once, because asking for each row would
 * be expensive.
 */
export const isAmong = (vid: Sql, expression: string, type: string): Sql =>
  sql`+${vid} IN (${versionsWith(expression, type)})`;

/**
 * An expression that every version meets which can satisfy a display clause, and others, too; '' when there is none, or
 * no full text. A text that begins with the searched one has its words in a row, the last of them as a beginning.
 */
export function displayExpression(value: string, db: DatabaseSync): string {
  const words = withTexts.has(db) ? wordsOf(value) : [];
  return (words.at(-1)?.length ?? 0) < STEM_MIN ? '' : `(content : ${phraseOf(words, true)})`;
}

/**
 * The condition that a stored text has a text beside a code of the parameter that begins so (`display-function.ts`).
 */
export const isDisplayed = (text: Sql, type: string, param: string, value: string): Sql =>
  sql`display_starts(${text}, ${type}, ${param}, ${value})`;

/** Whether a clause looks at texts anywhere. */
export function asksTexts(clause: Clause): boolean {
  switch (clause.kind) {
    case 'all':
    case 'any':
      return clause.of.some(asksTexts);
    case 'not':
      return asksTexts(clause.clause);
    case 'chain':
    case 'has':
      return asksTexts(clause.where);
    default:
      return clause.kind === 'text' || clause.kind === 'display';
  }
}
