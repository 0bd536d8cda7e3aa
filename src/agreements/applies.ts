/**
 * When an agreement has to be in force before one party tells another one something (baa-messaging 4): by what the two are
 * and by what it is for. Treatment between providers never asks for one (45 CFR 160.103, business associate, (4)(i)); who
 * works for the discloser always needs one ((1)(i), (2), (3)(i)).
 */

/** What one party is to the other; `docs/reference/agreements.md` shows the words. */
interface Relation {
  readonly party: string;
  readonly needs: 'never' | 'always' | 'by-purpose' | 'without-referral';
  readonly ground: string;
}

/** The table, most specific first; {@link needsAgreement} decides by it. */
// prettier-ignore
export const RELATIONS = {
  'claimed-as-associate': { party: 'told as a business associate, whatever else it is',                                needs: 'always',           ground: '45 CFR 164.502(e)(1); 160.103, business associate, (2)' },
  'own-basis':            { party: 'told on a basis of its own: an authority, a court, an authorization of the patient', needs: 'never',            ground: '45 CFR 164.508, 164.510, 164.512' },
  'same-arrangement':     { party: 'a participant of the same organized health care arrangement',                       needs: 'never',            ground: '45 CFR 160.103, business associate, (1)(i), (4)(iv)' },
  'provider-associate':   { party: 'a provider that also works for others',                                             needs: 'by-purpose',       ground: '45 CFR 160.103, business associate, (2), (4)(i)' },
  'associate':            { party: 'a business associate, also one that is a plan or a community organization',        needs: 'always',           ground: '45 CFR 160.103, business associate, (1)(i), (1)(ii), (3)(i)' },
  'unknown':              { party: 'a party of no known kind',                                                          needs: 'without-referral', ground: 'nothing shows that it acts for itself' },
  'itself':               { party: 'a provider, a plan, a community organization or an authority, acting for itself',  needs: 'never',            ground: '45 CFR 160.103, business associate, (4)(i); 164.506(c)' },
} as const satisfies Record<string, Relation>;

type RelationKind = keyof typeof RELATIONS;

/** A kind of party that works for others (compliance D1). */
export const ASSOCIATE = 'business-associate';

/** Kinds of parties that also act for themselves. `part2-program` is none of them: an organization can say that of itself. */
const FOR_ITSELF: readonly string[] = ['provider', 'health-plan', 'community-organization'];

/**
 * Bases that the discloser has for itself: a claim of one says nothing about whether the other works for the discloser. No
 * emergency lifts the agreement (BA11).
 */
const FOR_THE_DISCLOSER: ReadonlySet<string> = new Set([
  'treatment',
  'treatment-own',
  'payment',
  'operations',
  'emergency',
]);

/** Two parties, and what one would tell the other for. Both ways are one question (BA12). */
export interface Dealings {
  /** Kinds of party. */
  readonly discloserKinds: ReadonlySet<string>;
  readonly recipientKinds: ReadonlySet<string>;
  /** The basis that the discloser claims; undefined: none. */
  readonly claimed: string | undefined;
  /** It is told for treatment, and not for payment or operations. */
  readonly forTreatment: boolean;
  /** The two share a referral. */
  readonly parties: boolean;
  /** An administrator says that the two take part in one organized health care arrangement. */
  readonly sameArrangement: boolean;
}

/** Whether an agreement between the two has to be in force. */
export const needsAgreement = (dealing: Dealings): boolean => {
  const { forTreatment, parties } = dealing;
  return relationsOf(dealing).some((relation) => {
    const { needs } = RELATIONS[relation];
    return (
      needs === 'always' ||
      (needs === 'by-purpose' && !forTreatment) ||
      (needs === 'without-referral' && !parties)
    );
  });
};

/** What the recipient is to the discloser, and the discloser to the recipient. */
export function relationsOf(dealing: Dealings): readonly RelationKind[] {
  const { discloserKinds, recipientKinds, claimed, sameArrangement } = dealing;
  if (claimed === ASSOCIATE) return ['claimed-as-associate'];
  if (claimed !== undefined && !FOR_THE_DISCLOSER.has(claimed)) return ['own-basis'];
  if (sameArrangement) return ['same-arrangement'];
  return [relationOf(recipientKinds), relationOf(discloserKinds)];
}

function relationOf(kinds: ReadonlySet<string>): RelationKind {
  if (kinds.has(ASSOCIATE)) return kinds.has('provider') ? 'provider-associate' : 'associate';
  return kinds.size === 0 ? 'unknown' : 'itself';
}

/**
 * Whether what a party reads is told to it under an agreement (BA13): it works for others, and is at most a community
 * organization beside. As that it may need none, but as an associate it does, and both rules hold (section 4).
 */
export const readsUnderAgreement = (kinds: ReadonlySet<string>): boolean =>
  isAssociate(new Set([...kinds].filter((kind) => kind !== 'community-organization')));

/** Whether a party works for others and does nothing for itself. */
export const isAssociate = (kinds: ReadonlySet<string>): boolean =>
  kinds.has(ASSOCIATE) && !FOR_ITSELF.some((kind) => kinds.has(kind));
