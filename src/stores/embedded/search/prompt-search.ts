/**
 * Searches that end soon, on the caller's thread: handing one to another thread costs more than finding a page near at hand.
 * How far it is to a page is not known before, so that a search begins here with few rows to look at, and where they do not
 * suffice it is asked of a thread that may take its time. Nobody else waits for longer than that many rows take.
 */
import { narrowedTo, type Clause, type Page, type Query, type Sight } from '../../../ports/query.ts';
import { prepare } from '../folder/connection.ts';
import type { SnapshotReading } from '../reading.ts';
import type { Limits } from './search-context.ts';
import { asksTexts } from './search-text.ts';
import { searchPage } from './search.ts';
import type { SightMoment } from './sight.ts';

/** Rows that are looked at. */
const ROWS_MAX = 400;
/** Milliseconds after which it ends, however few the rows: the disk may be slow. */
const MILLISECONDS_MAX = 4;
/** Rows between two looks at the clock, less one; a power of two less one. */
const UNWATCHED = 15;
/** Matches of a page, with those that are skipped before it. */
const MATCHES_MAX = 200;
/** Values that are asked for, each of which may be counted. */
const DEMANDS_MAX = 64;
/** Characters of their texts. */
const CHARACTERS_MAX = 1024 * 1024;

/** Nothing is sorted or tried for longer than the rows allow; what is counted further than that is remembered. */
const LIMITS: Limits = {
  many: 512,
  few: 50,
  sorted: 300,
  sortable: 300,
  tried: 300,
  triedLong: 300,
  triedShort: 200,
  narrow: 100,
  merged: 16,
  setBytes: 0,
};

/** One page at a moment; undefined where that takes longer. */
type PromptSearch = (query: Query, moment: SightMoment) => Page | undefined;

/** @param now milliseconds of a clock that goes on evenly */
export function preparePromptSearch(
  { db }: SnapshotReading['byId'],
  now: () => number = () => performance.now(),
): PromptSearch {
  const dear = rememberDear();
  return (query, moment) => {
    const { offset, count, characters = Infinity } = query;
    if (offset + count > MATCHES_MAX || asksTexts(query.where) || demandsOf(query) > DEMANDS_MAX)
      return undefined;
    const kind = kindOf(query);
    if (dear.isPassedOver(kind)) return undefined;
    const asked = { ...query, characters: Math.min(characters, CHARACTERS_MAX) };
    try {
      const page = searchPage(db, asked, moment, boundedGuard(now), LIMITS);
      // What is cut by the bound of here may not be cut by the bound of the query.
      if (page.more && page.matches.length < count && characters > CHARACTERS_MAX) {
        dear.note(kind);
        return undefined;
      }
      dear.forget(kind);
      return page;
    } catch (error) {
      if (error !== TOO_LONG) throw error;
      dear.note(kind);
      return undefined;
    }
  };
}

/** Enters the transaction that stands for many reads, unless what is denied may have been received since it began. */
export function prepareFreshness({ db, transaction }: SnapshotReading['byId']): (sight: Sight) => void {
  const denied = prepare<[number]>(
    db,
    'SELECT 1 FROM denied WHERE org = (SELECT nid FROM name WHERE name = ?) LIMIT 1',
  );
  return (sight) => {
    transaction.enter();
    if (sight.everything || sight.denied === 'seen' || !db.isTransaction) return;
    // Denials come with commits, which end the transaction; that a version was received comes with the audit of a read, too.
    if (denied.get(sight.organization) !== undefined) transaction.leave();
  };
}

const TOO_LONG = new Error('the search takes longer');

function boundedGuard(now: () => number): () => void {
  const until = now() + MILLISECONDS_MAX;
  let rows = 0;
  return () => {
    rows += 1;
    if (rows > ROWS_MAX || ((rows & UNWATCHED) === 0 && now() > until)) throw TOO_LONG;
  };
}

/** Kinds of searches that are remembered. */
const KINDS_MAX = 1000;
/** Searches of a kind that are passed over at most before one is tried again. */
const PASSED_OVER_MAX = 128;

interface Dear {
  /** Whether this one is not tried. */
  isPassedOver(kind: string): boolean;
  note(kind: string): void;
  forget(kind: string): void;
}

/** Remembers which kinds of searches took too long: after each vain attempt, twice as many are not tried. */
function rememberDear(): Dear {
  const known = new Map<string, { next: number; left: number }>();
  return {
    isPassedOver(kind) {
      const one = known.get(kind);
      if (one === undefined || one.left === 0) return false;
      one.left -= 1;
      return true;
    },
    note(kind) {
      const next = Math.min(PASSED_OVER_MAX, (known.get(kind)?.next ?? 1) * 2);
      if (known.size >= KINDS_MAX) known.delete(known.keys().next().value ?? '');
      known.set(kind, { next, left: next });
    },
    forget(kind) {
      if (known.size > 0) known.delete(kind);
    },
  };
}

/** How many values a query and its scopes ask for. */
function demandsOf({ where, sight, type }: Query): number {
  const scoped = narrowedTo(sight, type);
  return valuesAsked(where) + (scoped === undefined ? 0 : valuesAsked(scoped));
}

function valuesAsked(clause: Clause): number {
  switch (clause.kind) {
    case 'all':
    case 'any':
      return clause.of.reduce((sum, one) => sum + valuesAsked(one), 0);
    case 'not':
    case 'other':
      return valuesAsked(clause.clause);
    case 'chain':
      return clause.types.length * valuesAsked(clause.where);
    case 'has':
      return valuesAsked(clause.where);
    case 'reference':
      return clause.to.length;
    case 'codes':
      return clause.codes.length;
    case 'id':
      return clause.ids.length;
    default:
      return 1;
  }
}

/** What is asked, without the values: searches that are alike in it tend to take as long as each other. */
function kindOf({ type, where, sort, total, sight }: Query): string {
  const keys = sort.map(({ param, descending }) => (descending ? `-${param}` : param));
  const seer = sight.everything ? '' : sight.patient === undefined ? sight.organization : 'Patient';
  return `${type} ${seer} ${shapeOf(where)} ${keys.join()} ${total}`;
}

function shapeOf(clause: Clause): string {
  switch (clause.kind) {
    case 'all':
    case 'any':
      return `${clause.kind}(${clause.of.map(shapeOf).join(' ')})`;
    case 'not':
    case 'other':
      return `${clause.kind}(${shapeOf(clause.clause)})`;
    case 'chain':
    case 'has':
      return `${clause.kind} ${clause.param}(${shapeOf(clause.where)})`;
    case 'inside':
    case 'keeper':
    case 'id':
    case 'updated':
    case 'text':
      return clause.kind;
    default:
      return `${clause.kind} ${clause.param}`;
  }
}
