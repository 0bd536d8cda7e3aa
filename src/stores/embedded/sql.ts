/**
 * SQL in pieces with their values: a value never becomes part of the text. There are few texts, so prepared statements
 * are kept.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** A piece of SQL and the values of its `?`, in order. */
export interface Sql {
  readonly sql: string;
  readonly params: readonly (string | number)[];
}

/** A piece from a template: other pieces are inserted, everything else is bound. */
export function sql(strings: TemplateStringsArray, ...parts: readonly (Sql | string | number)[]): Sql {
  let text = strings[0] ?? '';
  const params: (string | number)[] = [];
  for (const [i, part] of parts.entries()) {
    if (typeof part === 'object') {
      text += part.sql;
      params.push(...part.params);
    } else {
      text += '?';
      params.push(part);
    }
    text += strings[i + 1] ?? '';
  }
  return { sql: text, params };
}

/** Text of this program's own: an alias, a keyword. */
export const word = (text: string): Sql => ({ sql: text, params: [] });

export const TRUE = word('1');
/**
 * Bound, not written into the text: the planner would fold a written one, and then find no use for the index that it
 * was told to use.
 */
export const FALSE = sql`${0}`;

/** Pieces with a word between them. */
export function joinedSql(parts: readonly Sql[], by: string): Sql {
  return { sql: parts.map((part) => part.sql).join(by), params: parts.flatMap((part) => part.params) };
}

export const and = (parts: readonly Sql[]): Sql =>
  parts.length === 0 ? TRUE : sql`(${joinedSql(parts, ' AND ')})`;
export const or = (parts: readonly Sql[]): Sql =>
  parts.length === 0 ? FALSE : sql`(${joinedSql(parts, ' OR ')})`;

/**
 * A bound LIMIT. SQLite looks at the value of a bare one when it plans, and plans anew whenever a value is bound; of a sum it
 * does not.
 */
export const limited = (rows: number): Sql => sql`LIMIT ${rows} + 0`;

/** The number of statements kept per connection; the oldest go first. */
const KEPT = 512;
const kept = new WeakMap<DatabaseSync, Map<string, StatementSync>>();

function statementOf(db: DatabaseSync, text: string): StatementSync {
  let statements = kept.get(db);
  if (statements === undefined) kept.set(db, (statements = new Map<string, StatementSync>()));
  const known = statements.get(text);
  if (known !== undefined) return known;
  if (statements.size >= KEPT) statements.delete(statements.keys().next().value ?? '');
  const statement = db.prepare(text, { returnArrays: true });
  statements.set(text, statement);
  return statement;
}

/** The first row. `R` is the tuple of the SELECT's columns, which TypeScript cannot see: hence the casts, only here. */
export function firstRow<R extends readonly unknown[]>(db: DatabaseSync, query: Sql): R | undefined {
  return statementOf(db, query.sql).get(...query.params) as unknown as R | undefined;
}

/** All rows. */
export function allRows<R extends readonly unknown[]>(db: DatabaseSync, query: Sql): R[] {
  return statementOf(db, query.sql).all(...query.params) as unknown as R[];
}

/** Rows one by one; leaving the loop ends the statement. Do not nest it with the same text. */
export function eachRow<R extends readonly unknown[]>(db: DatabaseSync, query: Sql): IterableIterator<R> {
  const rows = statementOf(db, query.sql).iterate(...query.params) as unknown as IterableIterator<R>;
  const next = rows.next.bind(rows);
  rows.next = () => {
    try {
      return next();
    } catch (error) {
      // A loop does not end what failed by itself, and the statement would fail at its next use.
      rows.return?.();
      throw error;
    }
  };
  return rows;
}
