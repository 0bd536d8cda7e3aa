/**
 * Queries of a store. An engine knows nothing of FHIR: a parameter is a name that a write's search values have, a
 * clause says which values satisfy it, and every alias that stands for a resource is limited to the caller's sight.
 */
import type { Ref } from '../fhir/types.ts';
import type { RoleView } from '../identity/role-view.ts';

/** The sight of a caller. Resources outside it do not exist for the caller (rules 2). */
export type Sight =
  /** An administrator, whose role may narrow it, or the server itself. */
  | { readonly everything: true; readonly narrow?: Narrowing }
  /**
   * An organization; with `patient`, narrowed to the compartment of one patient (SMART patient scopes). `denied: 'seen'`:
   * with what a denial withholds, for whoever must tell that from what no referral reaches, or asks the policies itself.
   * `told`: with what a denial withholds of which the organization may learn that it is withheld (compliance L6).
   * `lifted`: patients of whose resources only lasting denials are withheld, in an emergency (compliance E3).
   * `payload`: the row of the payload table by which the organization is told what others keep: only types of that row, and
   * what is in the directory (compliance M2).
   */
  | {
      readonly everything: false;
      readonly organization: Ref;
      readonly patient?: Ref;
      readonly denied?: 'seen' | 'told';
      readonly lifted?: readonly Ref[];
      readonly payload?: string;
      /**
       * The organization works for others: with whom its agreements are in force. What is kept by others is left out by
       * `narrow`; of messages the content is masked (baa-messaging BA13, MK1).
       */
      readonly agreements?: OpenAgreements;
      /** With `patient`: content that bears one of these marks is withheld from who asks (compliance R6, R8). */
      readonly hidden?: readonly string[];
      /** By which roles a person looks: what these are not shown is masked (identity 4.3). */
      readonly view?: RoleView;
      /** What narrowed scopes leave of types (smart SM-26); absent: all of each. */
      readonly narrow?: Narrowing;
    };

/** With whom the agreements of an organization are in force, directly or by a chain of subcontractors. */
export interface OpenAgreements {
  readonly open: ReadonlySet<Ref>;
  /** How else the sight is narrowed, where its receiver is told later. */
  readonly otherwise?: Narrowing;
}

/**
 * What narrowed scopes leave of each type that they narrow: a version is within it when it satisfies the clause, and so does
 * the newest. A type without a clause is whole. The clauses look at nothing but the version itself: its
 * values, and who keeps it.
 */
export type Narrowing = Readonly<Record<string, Clause>>;

/** The clause by which a sight is narrowed for a type; undefined where it is whole. */
export const narrowedTo = (sight: Sight, type: string): Clause | undefined => sight.narrow?.[type];

/** The sight with what a denial withholds. */
export const withDenied = (sight: Sight): Sight => (sight.everything ? sight : { ...sight, denied: 'seen' });

/** The sight with what is withheld and may be spoken of. */
export const withTold = (sight: Sight): Sight => (sight.everything ? sight : { ...sight, denied: 'told' });

/** The server's own sight. */
export const EVERYTHING: Sight = { everything: true };

/**
 * One value under one parameter. How `low` and `high` are used depends on the parameter's kind:
 *
 * | kind      | low                                   | high                          |
 * |-----------|---------------------------------------|-------------------------------|
 * | token     | code (as written)                     | system, '' when none          |
 * | string    | folded text (`foldText`)              | text as written               |
 * | reference | `Type/id`, or an absolute URL         | '' or the version             |
 * | uri       | the uri                               | ''                            |
 * | date      | first millisecond of the interval     | last millisecond              |
 * | number    | the number, or a Range's lower bound  | the number, or upper bound    |
 * | quantity  | as a number                           | as a number                   |
 * | composite | a code of its first component         | JSON of all components        |
 * | near      | latitude                              | longitude                     |
 *
 * Special parameters that the FHIR engine adds: `:patient` (reference; the patient compartments the resource is in),
 * `<param>:identifier` (token; the logical identifier of a reference), `<param>:of-type` (token; an identifier with its
 * type as system), `<param>$wide` (number, 0 to 0; notes that some number under the parameter is an interval and no point),
 * `<param>:<system>|<code>` (number; a quantity of that unit, the system '' for any), and
 * `<param>.<other>` (what a resource inside this one is found by).
 *
 * The JSON of a composite is a list of its components, each a list of that component's values as
 * `[suffix of the parameter, low, high]`.
 */
export interface SearchValue {
  readonly param: string;
  readonly low: string | number;
  readonly high: string | number;
}

/**
 * The suffix of the parameter that marks a number as an interval. `$` is escaped in units, so no unit has this name.
 */
export const WIDE = '$wide';

export type Prefix = 'eq' | 'ne' | 'gt' | 'lt' | 'ge' | 'le' | 'sa' | 'eb' | 'ap';

export type Clause =
  | { readonly kind: 'all'; readonly of: readonly Clause[] }
  | { readonly kind: 'any'; readonly of: readonly Clause[] }
  /** No value of the resource satisfies the clause (a resource without any value satisfies `not`). */
  | { readonly kind: 'not'; readonly clause: Clause }
  | { readonly kind: 'missing'; readonly param: string; readonly missing: boolean }
  /** `code` undefined: any code of the system; `system` undefined: any system; `system` '': no system. */
  | { readonly kind: 'token'; readonly param: string; readonly code?: string; readonly system?: string }
  /** `value` is folded, save for exact; of a token or uri, as written. */
  | {
      readonly kind: 'string';
      readonly param: string;
      readonly match: 'starts' | 'contains' | 'ends' | 'equals' | 'exact';
      readonly value: string;
    }
  | { readonly kind: 'reference'; readonly param: string; readonly to: readonly string[] }
  | {
      readonly kind: 'uri';
      readonly param: string;
      readonly match: 'exact' | 'below' | 'above';
      readonly value: string;
    }
  /** Dates and numbers: the interval that the searched value implies, compared by R4's rules for the prefix. */
  | {
      readonly kind: 'range';
      readonly param: string;
      readonly prefix: Prefix;
      readonly low: number;
      readonly high: number;
      /** The values are points, with low and high alike, except in versions marked under `<param>$wide`. */
      readonly points?: boolean;
    }
  /** Some value under the parameter of the clause does not satisfy it. */
  | { readonly kind: 'other'; readonly clause: PartClause }
  /** A code of `codes` in this system. */
  | {
      readonly kind: 'codes';
      readonly param: string;
      readonly system: string;
      readonly codes: readonly string[];
    }
  /** One value of a composite satisfies every part: the first component the first, and so on. */
  | { readonly kind: 'tuple'; readonly param: string; readonly of: readonly PartClause[] }
  /** A position at most that many kilometres away, on a sphere. */
  | {
      readonly kind: 'near';
      readonly param: string;
      readonly latitude: number;
      readonly longitude: number;
      readonly km: number;
    }
  /** In the compartment of the patient, that Patient itself, or in the directory. */
  | { readonly kind: 'inside'; readonly patient: Ref }
  /** The organization that keeps it is one of these; '' is the server itself. */
  | { readonly kind: 'keeper'; readonly of: readonly (Ref | '')[] }
  /** `_id` */
  | { readonly kind: 'id'; readonly ids: readonly string[] }
  /** `_lastUpdated` */
  | { readonly kind: 'updated'; readonly prefix: Prefix; readonly low: number; readonly high: number }
  /** The resource referenced under `param`, visible to the same sight, of one of `types`, satisfies `where`. */
  | {
      readonly kind: 'chain';
      readonly param: string;
      readonly types: readonly string[];
      readonly where: Clause;
    }
  /** Some visible resource of `type` that references this one under `param` satisfies `where` (`_has`). */
  | { readonly kind: 'has'; readonly type: string; readonly param: string; readonly where: Clause }
  /**
   * These words, folded, follow each other in the narrative or anywhere in the resource's full text. With `starts` the
   * last word is the beginning of one. Only for a store that keeps full text.
   */
  | {
      readonly kind: 'text';
      readonly within: 'narrative' | 'content';
      readonly words: readonly string[];
      readonly starts: boolean;
    }
  /** The text beside a code under `param`, or one of its words, begins with `value`, which is folded (`:text`). */
  | { readonly kind: 'display'; readonly param: string; readonly value: string };

/** A condition on one component of a composite; `param` is the suffix under which the component keeps the value. */
export type PartClause = Extract<Clause, { kind: 'token' | 'string' | 'reference' | 'uri' | 'range' }>;

export interface SortKey {
  /** A parameter, `_id` or `_lastUpdated`. */
  readonly param: string;
  readonly descending: boolean;
}

export interface Query {
  readonly type: string;
  readonly where: Clause;
  /** The order of writing breaks ties, so that pages are stable. Empty: newest write first. */
  readonly sort: readonly SortKey[];
  readonly sight: Sight;
  /** The largest number of matches. */
  readonly count: number;
  /**
   * The largest number of characters of their texts; the first match is returned however long it is. Undefined: any
   * number.
   */
  readonly characters?: number;
  /** The number of matches to skip. Pages are stable, because a query is answered as of one `seq`. */
  readonly offset: number;
  /** Whether to count all matches, too. */
  readonly total: boolean;
}

export interface Match {
  readonly ref: Ref;
  readonly seq: number;
  readonly text: string;
  /** The organization that keeps it; '' for the server itself. */
  readonly custodian: Ref | '';
}

export interface Page {
  readonly matches: readonly Match[];
  /** Whether there is at least one more match after these. */
  readonly more: boolean;
  readonly total?: number;
}
