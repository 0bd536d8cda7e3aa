/**
 * Whether an installation may begin with real patients (baa-messaging VR6): each gate by itself, with what opens it. Whoever
 * stores health information here needs an agreement with who operates it, and with who carries what it sends.
 */
import type { Ref } from '../fhir/types.ts';
import { CONDUIT } from './carriers.ts';
import { chainOf } from './chain.ts';
import type { StoredContract } from './pair.ts';

/** A way by which things leave, or come. */
export interface RailInUse {
  /** As an operator knows it: `Endpoint/1 (hl7v2-mllp)`. */
  readonly name: string;
  /** Whose way it is: its agreement with the carrier counts. Absent: every member's. */
  readonly organization?: Ref;
  readonly carrier: Ref | typeof CONDUIT | 'operator' | undefined;
  /** What the agreement with the carrier has to cover; absent: whatever it covers will do, as at a dispatch. */
  readonly service?: 'mail' | 'sms';
  /** How its carrier is named, where that is not by its Endpoint. */
  readonly remedy?: string;
}

export interface ReadinessFacts {
  readonly now: number;
  readonly demo: boolean;
  readonly auditsReads: boolean;
  /** People sign in here, where everybody needs a second factor. */
  readonly signsIn: boolean;
  /** The operator vouches that the issuers outside ask for a second factor. */
  readonly mfaElsewhere: boolean;
  readonly operator: Ref | undefined;
  /** The organizations that store something here. */
  readonly members: readonly Ref[];
  readonly contracts: readonly StoredContract[];
  readonly rails: readonly RailInUse[];
}

interface ReadinessGate {
  readonly ok: boolean;
  readonly says: string;
}

/** Every gate, open or closed. */
export const readinessOf = (facts: ReadinessFacts): readonly ReadinessGate[] => [
  auditGate(facts),
  factorGate(facts),
  ...operatorGates(facts),
  ...facts.rails.flatMap((rail) => carrierGates(facts, rail)),
];

const auditGate = ({ auditsReads }: ReadinessFacts): ReadinessGate =>
  auditsReads
    ? { ok: true, says: 'every read is audited' }
    : { ok: false, says: 'reads are not audited → set auditReads to on' };

function factorGate({ demo, signsIn, mfaElsewhere }: ReadinessFacts): ReadinessGate {
  if (demo) return { ok: false, says: 'a demonstration gives anybody a token → start without demo' };
  if (signsIn) return { ok: true, says: 'everybody signs in with a second factor' };
  return mfaElsewhere
    ? { ok: true, says: 'issuers outside ask for a second factor, as the operator says' }
    : {
        ok: false,
        says: 'people sign in elsewhere, and nothing shows a second factor → set authorizationServer to on, or see to it and say --mfa-elsewhere',
      };
}

function operatorGates({ operator, members, contracts, now }: ReadinessFacts): readonly ReadinessGate[] {
  if (operator === undefined)
    return [{ ok: false, says: 'nobody is named as operator of this server → set operatorOrganization' }];
  const lacking = members.filter(
    (member) => member !== operator && !isInForce(contracts, member, operator, now),
  );
  if (lacking.length === 0) return [{ ok: true, says: `every member has an agreement with ${operator}` }];
  return lacking.map((member) => ({
    ok: false,
    says: `${member} has no agreement in force with ${operator}, who operates this server → bring one into force`,
  }));
}

function carrierGates(
  facts: ReadinessFacts,
  { name, organization, carrier, service, remedy = BY_ENDPOINT }: RailInUse,
): readonly ReadinessGate[] {
  if (carrier === undefined) return [{ ok: false, says: `${name} names no carrier → ${remedy}` }];
  if (carrier === CONDUIT) return [{ ok: true, says: `${name} is a conduit` }];
  if (carrier === 'operator') return [{ ok: true, says: `${name} is run by who operates this server` }];
  const { contracts, now } = facts;
  const senders = organization === undefined ? facts.members : [organization];
  const lacking = senders.filter(
    (sender) => sender !== carrier && !isInForce(contracts, sender, carrier, now, service),
  );
  if (lacking.length === 0) return [{ ok: true, says: `${name} is run by ${carrier} under an agreement` }];
  const covering = service === undefined ? '' : ` for ${service}`;
  return lacking.map((sender) => ({
    ok: false,
    says: `${name} is run by ${carrier}, with whom ${sender} has no agreement in force${covering} → bring one into force, or take another way`,
  }));
}

const BY_ENDPOINT = 'say in its extension carrier who operates it, or that it is a conduit';

const isInForce = (
  contracts: readonly StoredContract[],
  one: Ref,
  other: Ref,
  now: number,
  service?: string,
): boolean => chainOf(contracts, one, other, now, service).state === 'active';
