/** Checks the actors that a write names: nobody writes in the name of another organization (rules 2.11). */
import { isDeepStrictEqual } from 'node:util';
import { isAgreement } from '../../agreements/contract.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Resource } from '../../fhir/types.ts';
import { typeOf, valuesAt } from '../../resources/element.ts';
import { partyElementOf, partyIn, resolveParty } from '../../resources/party.ts';
import { placesIn, type Draft, type Planned } from './draft.ts';
import { partyWorldIn } from './rule-context.ts';

/** Elements that name an actor, by type. Those of orders and Tasks are looked at where their parties are resolved. */
const ACTORS: Readonly<Record<string, readonly string[]>> = {
  AppointmentResponse: ['actor'],
  Bundle: ['signature.who', 'signature.onBehalfOf'],
  Communication: ['sender'],
  Consent: ['performer', 'organization'],
  Contract: ['signer.signature.who', 'signer.signature.onBehalfOf'],
  MessageHeader: ['sender', 'author', 'enterer', 'responsible'],
  Provenance: ['agent.who', 'agent.onBehalfOf', 'signature.who', 'signature.onBehalfOf'],
  VerificationResult: [
    'attestation.who',
    'attestation.onBehalfOf',
    'attestation.sourceSignature.who',
    'attestation.sourceSignature.onBehalfOf',
    'attestation.proxySignature.who',
    'attestation.proxySignature.onBehalfOf',
    'validator.organization',
    'validator.attestationSignature.who',
    'validator.attestationSignature.onBehalfOf',
  ],
};

/** Types that name an actor. */
export const ACTING: ReadonlySet<string> = new Set(Object.keys(ACTORS));

/** @throws OperationOutcomeError `sender-mismatch`, naming the element */
export async function checkActors(draft: Draft): Promise<void> {
  if (draft.caller.administrator) return;
  for (const planned of draft.planned.values()) {
    if (planned.origin === 'server' || planned.after === undefined) continue;
    // Who signs an agreement is judged with it: signatures of both sides meet in one resource.
    if (isAgreement(planned.after.plain)) continue;
    for (const element of ACTORS[typeOf(planned.ref)] ?? []) await checkActor(draft, planned, element);
  }
}

/** What stood there before was said by whoever wrote it; also what it leads to in the same resource is the same then. */
async function checkActor(draft: Draft, planned: Planned, element: string): Promise<void> {
  const { before, after } = planned;
  const old = valuesAt(before, element).flatMap((value) => saidBy(before, value));
  for (const value of valuesAt(after?.plain, element)) {
    for (const said of saidBy(after?.plain, value)) {
      if (old.some((one) => isDeepStrictEqual(one, said))) continue;
      const place = `${typeOf(planned.ref)}.${element}`;
      const resolution = await resolveParty(said, partyWorldIn(draft));
      // Whether its own record of nobody known is the caller itself is judged where parties are resolved.
      if (resolution.kind === 'private' && RESOLVED_LATER.has(place)) continue;
      const party = partyIn(resolution);
      if (party === undefined || party === draft.caller.organization || party === draft.caller.speaker)
        continue;
      throw new OperationOutcomeError('sender-mismatch', {
        diagnostics: `${place} stands for an organization other than yours`,
        expression: placesIn(planned, [place]),
      });
    }
  }
}

/** Authors by an EHR's own record of itself (directory DR27). */
const RESOLVED_LATER: ReadonlySet<string> = new Set(['MessageHeader.sender']);

/** Contained resources that lead from one to the next. */
const HOPS_MAX = 5;

/**
 * What a Reference says of somebody: its literal, its identifier, and of what is contained its numbers and whatever it
 * belongs to, as far as that leads.
 */
function saidBy(resource: Resource | undefined, reference: unknown, hops = HOPS_MAX): readonly unknown[] {
  const identified = valuesAt(reference, 'identifier').map((identifier) => ({ identifier }));
  const [literal] = valuesAt(reference, 'reference');
  if (typeof literal !== 'string' || !literal.startsWith('#')) return [{ reference: literal }, ...identified];
  const contained = valuesAt(resource, 'contained').find((one) =>
    valuesAt(one, 'id').includes(literal.slice(1)),
  );
  if (hops === 0 || contained === undefined) return identified;
  const [type] = valuesAt(contained, 'resourceType');
  const element = partyElementOf(String(type));
  const numbers = NUMBERED.has(type)
    ? valuesAt(contained, 'identifier').map((identifier) => ({ identifier }))
    : [];
  const further = [
    ...(element === undefined ? [] : [element]),
    ...(type === 'PractitionerRole' ? ['practitioner'] : []),
  ];
  return [
    ...identified,
    ...numbers,
    ...further.flatMap((path) => valuesAt(contained, path)).flatMap((one) => saidBy(resource, one, hops - 1)),
  ];
}

/** Types whose identifiers say who somebody is. */
const NUMBERED: ReadonlySet<unknown> = new Set(['Organization', 'Practitioner']);
