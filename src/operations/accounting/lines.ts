/**
 * The lines of an accounting (45 CFR 164.528(b)(2), (b)(3)): date, recipient with its address as it was then, what was told,
 * and why. Disclosures to one recipient on one basis are one line: the first in full, their number, and the last date.
 */
import type { Ref, Resource } from '../../fhir/types.ts';
import { accountingRow } from '../../policies/accounting.ts';
import { localRefOf, typeOf } from '../../resources/element.ts';
import { owedWords, type Disclosed } from './disclosures.ts';

export interface AccountingLine {
  readonly on: string;
  readonly recipient: string;
  readonly address: string;
  readonly what: string;
  readonly why: string;
  readonly times: number;
  readonly last: string;
  /** Why it is, or is not, in the accounting that the law owes. */
  readonly owed: string;
}

/** What a line asks of the store: a resource as it was at a commit. */
type ResourceAt = (ref: Ref, seq: number) => Promise<Resource | undefined>;

export async function accountingLines(
  disclosed: readonly Disclosed[],
  resourceAt: ResourceAt,
): Promise<readonly AccountingLine[]> {
  const groups = Map.groupBy(disclosed, keyOf);
  return Promise.all([...groups.values()].map((group) => lineOf(group, resourceAt)));
}

const keyOf = ({ recipient, basis, law = '' }: Disclosed): string =>
  JSON.stringify([typeof recipient === 'string' ? recipient : recipient.name, basis ?? '', law]);

const dayOf = ({ on }: Disclosed): string => on.slice(0, 10);

async function lineOf(group: readonly Disclosed[], resourceAt: ResourceAt): Promise<AccountingLine> {
  // By the day of the disclosure: one that a person entered may be older than others that were on record before.
  const inOrder = group.toSorted((a, b) => dayOf(a).localeCompare(dayOf(b)));
  const [first] = inOrder;
  if (first === undefined) throw new Error('a group has a member');
  return {
    on: dayOf(first),
    ...(await recipientOf(first, resourceAt)),
    what: first.words ?? (await describe(first, resourceAt)),
    why: whyOf(first),
    times: group.length,
    last: dayOf(inOrder.at(-1) ?? first),
    owed: owedWords(first),
  };
}

async function recipientOf({ recipient, row }: Disclosed, resourceAt: ResourceAt) {
  if (typeof recipient !== 'string') return { recipient: recipient.name, address: recipient.address ?? '' };
  const party = await resourceAt(recipient, row.seq);
  const { name = recipient, address = [] } = (party ?? {}) as { name?: string; address?: readonly Address[] }; // an Organization
  return { recipient: name, address: addressText(address[0]) };
}

interface Address {
  readonly text?: string;
  readonly line?: readonly string[];
  readonly city?: string;
  readonly state?: string;
  readonly postalCode?: string;
}

function addressText({ text, line = [], city, state, postalCode }: Address = {}): string {
  if (text !== undefined) return text;
  const place = [state, postalCode].filter((part) => part !== undefined).join(' ');
  return [...line, city, place].filter((part) => part !== undefined && part !== '').join(', ');
}

/** Kinds of what was told, with titles and numbers; no labels. */
async function describe({ what, row }: Disclosed, resourceAt: ResourceAt): Promise<string> {
  const refs = [...new Set(what.flatMap((entity) => localRefOf(entity) ?? []))];
  const named = await Promise.all(
    refs.slice(0, TITLES_MAX).map(async (ref) => titleOf(ref, await resourceAt(ref, row.seq))),
  );
  const counted = Map.groupBy(named, (title) => title);
  const parts = [...counted].map(([title, those]) =>
    those.length === 1 ? title : `${title} (${those.length})`,
  );
  const more = refs.length - named.length;
  return [...parts, ...(more > 0 ? [`${more} more`] : [])].join('; ');
}

/** Records of one line that are named. */
const TITLES_MAX = 20;

/** Elements that say in words what a resource is. */
const TITLES = ['title', 'description'] as const;

function titleOf(ref: Ref, resource: Resource | undefined): string {
  const kind = typeOf(ref)
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toLowerCase();
  const title = TITLES.map((name) => resource?.[name]).find((text) => typeof text === 'string');
  return title === undefined ? kind : `${kind} “${String(title)}”`;
}

function whyOf({ basis, law }: Disclosed): string {
  const words = basis === undefined ? 'on a basis that is not on record' : accountingRow(basis).words;
  return law === undefined ? words : `${words} (${law})`;
}
