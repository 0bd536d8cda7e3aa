/**
 * What a guard is: content that is withheld from every organization but its keeper unless the patient's written word
 * permits it (compliance L3(b)). A guard knows no FHIR: the store asks it for each resource that a referral would show.
 * What an organization received stays received under every guard (compliance L5, harmony Z4).
 */
import type { Ref } from '../../fhir/types.ts';
import type { Basis } from '../basis.ts';
import type { ConsentKind } from '../consent/kinds.ts';
import type { Permit, PermitTelling } from '../consent/permit.ts';
import type { ContentFacts } from '../facts.ts';
import type { PartyKind } from '../party-kind.ts';

/** Guarded content that would be told: what, by whom, to whom, on which basis. */
export interface GuardedTelling extends Omit<PermitTelling, 'labels'> {
  readonly facts: ContentFacts;
  /** The organizations whose words it holds, of content of Part 2, as far as they are known. */
  readonly sources: ReadonlySet<Ref>;
  readonly discloserKinds: ReadonlySet<PartyKind>;
  readonly basis: Basis;
  /** The recipient serves the discloser under an agreement of 42 CFR 2.12(c)(4); absent: nobody asked. */
  readonly serves?: boolean;
}

export interface ContentGuard {
  /** Goes into the audit of what it withheld. */
  readonly name: string;
  /** The law that it follows, with its paragraph. */
  readonly law: string;
  /** A code of the needs that it leaves (compliance K1). */
  readonly need: 'part2-disclosure' | 'authorization' | 'psychotherapy-authorization';
  /** The kind whose form captures it, where it is not that of the need. */
  readonly form?: ConsentKind;
  /** Whom it does not stop, in a few words, where that is not whom the need's form names. */
  readonly save?: string;
  /**
   * Nobody is told that something is withheld (compliance L6): to say that a record exists says that the person is a
   * patient there.
   */
  readonly quiet: boolean;
  /** No emergency lifts it (compliance E3). */
  readonly lasting: boolean;
  /** Whether it withholds content with these facts from a recipient, unless something permits it. */
  readonly guards: (telling: GuardedTelling) => boolean;
  /** Whether it may be told nevertheless, at an instant in milliseconds since 1970. */
  readonly isPermitted: (telling: GuardedTelling, permits: readonly Permit[], at: number) => boolean;
}

/** What a permit is asked about guarded content. */
export const permitTelling = ({ facts, ...telling }: GuardedTelling): PermitTelling => ({
  ...telling,
  labels: facts.labels,
});
