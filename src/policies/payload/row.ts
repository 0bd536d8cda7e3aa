/**
 * What a row of the payload table is (45 CFR 164.514(d)(3)(i): a routine disclosure follows a standard protocol that limits
 * it to what its purpose needs). A row says which types go, of these which elements, and of clinical facts which codes.
 * What no row names stays.
 */
import type { PartyKind } from '../party-kind.ts';
import type { Purpose } from '../purpose.ts';

/** Codes of one code system: each by itself, or all between two, ends included. */
export interface CodeRange {
  readonly system: string;
  readonly codes?: readonly string[];
  /** Compared by the first characters of a code: `Z55` to `Z65` holds `Z59.0`. */
  readonly between?: readonly [first: string, last: string];
}

/**
 * How an element goes. `whole`: as it is. `year`: a date as its year. `reference`: a reference without its number, which may
 * be the patient's. Codes: of each concept only these codes; a concept in words alone goes, one of other codes stays.
 */
export type PayloadElement =
  | 'whole'
  | 'year'
  | 'reference'
  | 'words'
  | { readonly codes: readonly CodeRange[] };

export interface PayloadType {
  /** The elements that go, and how; absent: all of them, whole. */
  readonly elements?: Readonly<Record<string, PayloadElement>>;
  /** Elements that do not go whole, of a type of which all others do. */
  readonly reduced?: Readonly<Record<string, PayloadElement>>;
  /** Only a resource whose `code` has one of these codes goes. */
  readonly codes?: readonly CodeRange[];
  /** Only what is addressed to the recipient itself, and never as a part of a referral. */
  readonly addressed?: true;
}

export interface PayloadRow {
  readonly name: string;
  readonly title: string;
  /** The law or the specification that says what is needed, with its paragraph. */
  readonly basis: string;
  readonly purposes: readonly Purpose[];
  /** The kind of party that it is for; absent: whoever renders the service. */
  readonly recipient?: PartyKind;
  /** Code of the section of a BSeR request that asks for it; absent: no section does. */
  readonly section?: string;
  readonly types: Readonly<Record<string, PayloadType>>;
}
