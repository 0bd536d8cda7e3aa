/**
 * The chain from a principal to an associate of its associate (baa-messaging BA7; 45 CFR 164.502(e)(1)(ii), 164.504(e)(5),
 * 164.308(b)(2), 164.314(a)(2)(iii)): each link an agreement in force, the services of each within those of the link above.
 * The principal needs no agreement of its own with whoever stands below.
 */
import type { Ref } from '../fhir/types.ts';
import { associateOf, kindsOfAgreement, principalOf } from './contract.ts';
import { bindsAssociate, newestFirst, type PairStanding, type StoredContract } from './pair.ts';
import { standingOfAgreement, type AgreementState } from './state.ts';

/** Links of a chain at most. */
export const CHAIN_LINKS_MAX = 5;

/** A chain with its links from the principal down, and the first of them that is not in force. */
interface ChainStanding {
  readonly state: AgreementState;
  readonly links: readonly PairStanding[];
  readonly broken?: PairStanding;
}

interface Link {
  readonly stored: StoredContract;
  readonly standing: PairStanding;
  readonly principal: Ref;
  readonly associate: Ref;
  /** An agreement of a subcontractor: it holds only below another. */
  readonly isLower: boolean;
}

const NO_CHAIN: ChainStanding = { state: 'none', links: [] };

/**
 * The chain of agreements by which `to` may be told by `from`, or `from` by `to`: a chain is one value for both its ends.
 * Active if any is, otherwise the shortest with the first link that is broken. An agreement of a subcontractor holds as
 * long as a chain from a covered entity down to its principal does, whoever asks: what closes above closes all below.
 */
export function chainOf(
  contracts: readonly StoredContract[],
  from: Ref,
  to: Ref,
  now: number,
  service?: string,
): ChainStanding {
  const links = linksOf(contracts, now);
  const down = bestPath(links, from, to, service);
  if (down?.state === 'active') return down;
  const up = bestPath(links, to, from, service);
  if (up?.state === 'active') return up;
  return down ?? up ?? NO_CHAIN;
}

/**
 * The others with whom an organization stands in a chain that is in force, on either end of it: as {@link chainOf} says of
 * each, with every agreement looked at once.
 */
export function openEnds(
  contracts: readonly StoredContract[],
  organization: Ref,
  now: number,
): ReadonlySet<Ref> {
  const inForce = linksOf(contracts, now).filter(({ standing }) => standing.state === 'active');
  const others = new Set(inForce.flatMap(({ principal, associate }) => [principal, associate]));
  others.delete(organization);
  const isPath = (from: Ref, to: Ref): boolean => pathUp(inForce, from, to, undefined, fits) !== undefined;
  return new Set([...others].filter((other) => isPath(organization, other) || isPath(other, organization)));
}

function linksOf(contracts: readonly StoredContract[], now: number): readonly Link[] {
  return contracts
    .filter(({ contract }) => bindsAssociate(contract))
    .toSorted(newestFirst)
    .flatMap((stored) => {
      const [principal, associate] = [principalOf(stored.contract), associateOf(stored.contract)];
      const standing = standingOfAgreement(stored.contract, now);
      if (principal === undefined || associate === undefined || standing.state === 'none') return [];
      const kinds = kindsOfAgreement(stored.contract);
      const isLower = kinds.includes('subcontractor-baa') && !kinds.includes('baa');
      return [{ stored, standing: { ...standing, principal, associate }, principal, associate, isLower }];
    });
}

/** A chain in force, else the shortest that would be one. */
function bestPath(links: readonly Link[], from: Ref, to: Ref, service?: string): ChainStanding | undefined {
  const inForce = links.filter(({ standing }) => standing.state === 'active');
  const path =
    pathUp(inForce, from, to, service, fits) ??
    pathUp(links, from, to, service, fits) ??
    pathUp(links, from, to, service, () => true);
  return path === undefined ? undefined : standingOfPath(path);
}

type Fits = (upper: Link, lower: Link) => boolean;

const fits: Fits = (upper, lower) =>
  lower.standing.services.every((service) => upper.standing.services.includes(service));

/**
 * The shortest path of links from the one that names `to` up to one that nobody stands above, through one whose principal
 * is `from`; from the top down. No organization stands in it twice.
 */
function pathUp(
  links: readonly Link[],
  from: Ref,
  to: Ref,
  service: string | undefined,
  isFit: Fits,
): readonly Link[] | undefined {
  let paths = links
    .filter(({ associate, standing }) => associate === to && covers(standing, service))
    .map((link): readonly Link[] => [link]);
  const seen = new Set<string>();
  for (let length = 1; length <= CHAIN_LINKS_MAX; length += 1) {
    const found = paths.find((path) => isWhole(path, from));
    if (found !== undefined) return found;
    paths = paths.flatMap((path) => longer(path, links, isFit)).filter((path) => isNew(path, from, seen));
  }
  return undefined;
}

const covers = ({ services }: PairStanding, service: string | undefined): boolean =>
  service === undefined || services.includes(service);

const isWhole = (path: readonly Link[], from: Ref): boolean =>
  path[0]?.isLower === false && passes(path, from);

const passes = (path: readonly Link[], from: Ref): boolean =>
  path.some(({ principal }) => principal === from);

/** Of two paths to one link, the shorter is enough; it matters only whether it has passed the end already. */
function isNew(path: readonly Link[], from: Ref, seen: Set<string>): boolean {
  const key = `${path[0]?.stored.ref ?? ''} ${passes(path, from)}`;
  if (seen.has(key)) return false;
  seen.add(key);
  return true;
}

function longer(path: readonly Link[], links: readonly Link[], isFit: Fits): readonly Link[][] {
  const [top] = path;
  if (top === undefined || !top.isLower) return [];
  const below = new Set(path.map(({ associate }) => associate));
  return links
    .filter((link) => link.associate === top.principal && isFit(link, top) && !below.has(link.principal))
    .map((link) => [link, ...path]);
}

/** The chain as a path gives it. A link whose services exceed those of the link above is not in force below it. */
function standingOfPath(path: readonly Link[]): ChainStanding {
  const links = path.map((link, at): PairStanding => {
    const upper = path[at - 1];
    if (upper === undefined || link.standing.state !== 'active' || fits(upper, link)) return link.standing;
    const { since: _, until: __, ...standing } = link.standing;
    return { ...standing, state: 'pending', why: 'incomplete', gaps: ['services'] };
  });
  const broken = links.find(({ state }) => state !== 'active');
  return { state: broken?.state ?? 'active', links, ...(broken !== undefined && { broken }) };
}
