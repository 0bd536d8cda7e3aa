/** Expands a value set: lists its members (http://hl7.org/fhir/R4/valueset-operation-expand.html). */
import { foldText } from '../../fhir/fold.ts';
import { OperationOutcomeError, type IssueCode } from '../../fhir/issue.ts';
import {
  conceptOf,
  type Coded,
  type Concept,
  type Designation,
  type TerminologySource,
  type Include,
  type Selection,
  type System,
} from './terminology-source.ts';
import { ask } from './membership.ts';
import { IMPORTS_MAX, isOfPart, judgesOf, systemOfPart, type Asking } from './selection.ts';

/** The number of members that an expansion may have before it is filtered and cut into pages. */
const EXPANSION_MAX = 50_000;

export interface Member {
  readonly system: string;
  readonly code: string;
  readonly display?: string | undefined;
  readonly abstract?: true | undefined;
  readonly inactive?: true | undefined;
  readonly designation?: readonly Designation[] | undefined;
}

interface ExpandOptions {
  /** Words in the code or the display, whatever their case and accents. */
  readonly filter?: string | undefined;
  readonly activeOnly?: boolean | undefined;
  /** Leaves out concepts that only group others. */
  readonly concreteOnly?: boolean | undefined;
  readonly offset?: number | undefined;
  readonly count?: number | undefined;
}

export interface Expanded {
  /** The members of the page, after the filter. */
  readonly members: readonly Member[];
  /** The number of members on all pages, after the filter. */
  readonly total: number;
  /** The systems of the members, as `url|version`. */
  readonly systems: readonly string[];
  /** Systems of which this server has only a part, so that members may be missing. */
  readonly parts: readonly string[];
}

/**
 * Lists the members of a value set.
 *
 * @param asking with the bound on the work, when several questions share one
 * @throws OperationOutcomeError `value-set-unknown`; `code-system-unknown` for a system that this server does not have;
 * `expansion-too-costly`; `value-set-invalid` for a circle, or a filter that cannot be judged
 */
export function expandValueSet(
  held: TerminologySource,
  valueSet: string | Selection,
  options: ExpandOptions = {},
  asking: Asking = ask(held),
): Expanded {
  const selection = typeof valueSet === 'string' ? held.valueSet(valueSet) : valueSet;
  if (selection === undefined) throw refusal('value-set-unknown', 'the value set is not held here');
  const used = new Map<string, System>();
  const all = [...listMembers({ ...asking, used, listed: new Map() }, selection).values()];
  const found = all.filter((member) => isWanted(member, options));
  const { offset = 0, count = found.length } = options;
  const systems = [...used.values()];
  return {
    members: found.slice(offset, offset + count),
    total: found.length,
    systems: systems.map(nameOf),
    parts: systems.filter(({ content }) => content === 'part').map(nameOf),
  };
}

const nameOf = ({ url, version }: System): string => (version === undefined ? url : `${url}|${version}`);

function isWanted(member: Member, { filter = '', activeOnly, concreteOnly }: ExpandOptions): boolean {
  if (activeOnly === true && member.inactive === true) return false;
  if (concreteOnly === true && member.abstract === true) return false;
  if (filter === '') return true;
  const text = foldText(`${member.code} ${member.display ?? ''}`);
  return foldText(filter)
    .split(' ')
    .every((word) => text.includes(word));
}

interface Listing extends Asking {
  /** The systems of the members. */
  readonly used: Map<string, System>;
  /** Value sets that others included and that were listed already. */
  readonly listed: Map<Selection, Members>;
}

/** Members by system and code. */
type Members = Map<string, Member>;

const memberKey = ({ system = '', code }: Coded): string => `${system}|${code}`;

function listMembers(listing: Listing, selection: Selection): Members {
  const { compose, expansion } = selection;
  if (listing.trail.includes(selection)) throw refusal('value-set-invalid', 'it includes itself');
  if (listing.trail.length >= IMPORTS_MAX)
    throw refusal('expansion-too-costly', `more than ${IMPORTS_MAX} value sets within each other`);
  const within = { ...listing, trail: [...listing.trail, selection] };
  const members: Members = new Map();
  if (compose === undefined) {
    if (expansion === undefined) throw refusal('value-set-invalid', 'it says nothing of its content');
    addListed(members, expansion.contains ?? []);
    return members;
  }
  for (const part of compose.include) {
    const listed = listPart(within, part);
    listing.spend(listed.size);
    for (const [key, member] of listed) if (!members.has(key)) members.set(key, member);
    checkSize(members);
  }
  for (const part of compose.exclude ?? []) removePart(within, members, part);
  if (compose.inactive === false) {
    for (const [key, { inactive }] of members) if (inactive === true) members.delete(key);
  }
  return members;
}

function checkSize(members: Members): void {
  if (members.size > EXPANSION_MAX)
    throw refusal('expansion-too-costly', `more than ${EXPANSION_MAX} members`);
}

function listPart(listing: Listing, part: Include): Members {
  const { system, valueSet = [] } = part;
  const [first, ...rest] = valueSet;
  if (system === undefined && first === undefined)
    throw refusal('value-set-invalid', 'an include names neither a system nor a value set');
  const sets = valueSet.map((canonical) => importOf(listing, canonical));
  if (system !== undefined) return intersect(listing, listSystem(listing, part, system), sets);
  const [start = new Map<string, Member>(), ...others] = sets;
  return rest.length === 0 ? start : intersect(listing, start, others);
}

function importOf(listing: Listing, canonical: string): Members {
  const selection = listing.held.valueSet(canonical);
  if (selection === undefined)
    throw refusal('value-set-unknown', 'a value set that it includes is not held here');
  const known = listing.listed.get(selection) ?? listMembers(listing, selection);
  listing.listed.set(selection, known);
  return known;
}

function intersect({ spend }: Listing, members: Members, sets: readonly Members[]): Members {
  spend(members.size * sets.length);
  return new Map([...members].filter(([key]) => sets.every((set) => set.has(key))));
}

function listSystem(listing: Listing, part: Include, url: string): Members {
  const system = systemOfPart(listing.held, part);
  if (system !== undefined) listing.used.set(url, system);
  const members: Members = new Map();
  if (part.concept !== undefined) {
    for (const listed of part.concept) {
      listing.spend(1);
      const concept = system === undefined ? undefined : conceptOf(system, listed.code);
      const display = listed.display ?? concept?.display;
      const designation = listed.designation ?? concept?.designation;
      const member = memberOf(url, { code: listed.code, display, designation }, concept);
      members.set(memberKey(member), member);
    }
    return members;
  }
  if (system === undefined) throw refusal('code-system-unknown', 'a code system of it is not held here');
  if (system.accepts !== undefined)
    throw refusal('expansion-too-costly', 'a code system of it is a grammar: its codes cannot be listed');
  const judges = judgesOf(part, system);
  for (const concept of system.concepts.values()) {
    listing.spend(1);
    const isIn = judges.every((judge) => {
      const answer = judge?.(concept, listing);
      if (answer === undefined) throw refusal('value-set-invalid', 'a filter of it cannot be judged here');
      return answer;
    });
    if (isIn) members.set(memberKey({ system: url, code: concept.code }), memberOf(url, concept, concept));
  }
  if (system.concepts.size === 0 && judges.includes(undefined))
    throw refusal('value-set-invalid', 'a filter of it cannot be judged here');
  return members;
}

function memberOf(
  system: string,
  { code, display, designation }: Pick<Concept, 'code' | 'display' | 'designation'>,
  concept: Concept | undefined,
): Member {
  return {
    system,
    code,
    ...(display !== undefined && { display }),
    ...(concept?.abstract === true && { abstract: true as const }),
    ...(concept?.inactive === true && { inactive: true as const }),
    ...(designation !== undefined && { designation }),
  };
}

function removePart(listing: Listing, members: Members, part: Include): void {
  for (const [key, member] of members) {
    const answer = isOfPart(listing, part, member);
    if (answer === undefined) throw refusal('code-system-unknown', 'what it excludes is not held here');
    if (answer) members.delete(key);
  }
}

type Contains = NonNullable<NonNullable<Selection['expansion']>['contains']>;

function addListed(members: Members, contains: Contains): void {
  for (const { system = '', code, display, abstract, inactive, designation, contains: below } of contains) {
    if (code !== undefined) {
      const member: Member = {
        system,
        code,
        ...(display !== undefined && { display }),
        ...(abstract === true && { abstract: true as const }),
        ...(inactive === true && { inactive: true as const }),
        ...(designation !== undefined && { designation }),
      };
      members.set(memberKey(member), member);
      checkSize(members);
    }
    addListed(members, below ?? []);
  }
}

const refusal = (code: IssueCode, diagnostics: string): OperationOutcomeError =>
  new OperationOutcomeError(code, { diagnostics });
