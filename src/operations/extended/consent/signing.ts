/**
 * How a consent is signed (compliance K8; 42 CFR 2.31(a)(8) allows electronic signatures): by a Signature, on paper that is
 * sent as an Attachment, by the login of a patient who asks in person, or by a spoken word where the kind may be oral.
 */
import { formatInstant } from '../../../fhir/datetime.ts';
import { OperationOutcomeError } from '../../../fhir/issue.ts';
import { relativeTo } from '../../../fhir/reference.ts';
import type { Coding, Ref, Reference, Signature } from '../../../fhir/types.ts';
import { ownRefOf } from '../../../resources/element.ts';
import type { Caller } from '../../request.ts';
import type { Capture } from './read-capture.ts';
import { placeOfParameter } from '../input.ts';

/** ASTM E1762: a signature by which its maker agrees. */
const CONSENT_SIGNATURE: Coding = {
  system: 'urn:iso-astm:E1762-95:2013',
  code: '1.2.840.10065.1.12.1.7',
  display: 'Consent Signature',
};

/** A login that signs is no older than this (harmony Z23). */
const FRESH_LOGIN_MS = 5 * 60_000;

/** What proves that it was agreed to; undefined where nothing does. */
export type ConsentProof =
  | { readonly kind: 'signature'; readonly signature: Signature }
  | { readonly kind: 'paper' }
  | { readonly kind: 'verbal' };

/** Who asks, when and where. */
interface Asking {
  readonly caller: Caller;
  readonly inPerson: Ref | undefined;
  readonly now: number;
  readonly publicBase: string;
}

/**
 * @throws OperationOutcomeError `consent-incomplete` for a page that is not kept here, a signature without content or of
 * somebody else, or a login that is stale
 */
export function proofOf(
  { signature, paper, isVerbal, captured: { signers } }: Capture,
  { caller, inPerson, now, publicBase }: Asking,
): ConsentProof | undefined {
  if (paper !== undefined) {
    // Evidence that somebody else can take away is none.
    if (paper.data === undefined && !isBinary(paper.url, publicBase))
      throw unsigned('the signed document is sent as data, or is a Binary of this server');
    return { kind: 'paper' };
  }
  if (signature !== undefined) {
    checkSigner(signature.who, signers, publicBase);
    return { kind: 'signature', signature: checkedSignature(signature) };
  }
  if (isVerbal) return { kind: 'verbal' };
  if (inPerson === undefined) return undefined;
  return { kind: 'signature', signature: signedByLogin(caller, inPerson, now) };
}

const isBinary = (url: string | undefined, publicBase: string): boolean =>
  ownRefOf(publicBase, url ?? '')?.startsWith('Binary/') === true;

/** The signature is of one who signs; whom it names without a reference, the document says. */
function checkSigner({ reference }: Reference, signers: readonly Reference[], publicBase: string): void {
  if (reference === undefined) return;
  const who = relativeTo(publicBase, reference);
  if (signers.some((one) => relativeTo(publicBase, one.reference ?? '') === who)) return;
  throw unsigned('the signature is of somebody else than signedBy names');
}

function checkedSignature(signature: Signature): Signature {
  const { type, data } = signature;
  if (!type.some(({ code }) => code === CONSENT_SIGNATURE.code))
    throw unsigned('the signature is not of the type 1.2.840.10065.1.12.1.7 (consent)');
  if (data === undefined || data === '') throw unsigned('the signature has no data');
  return signature;
}

/** The login is the evidence: when the patient proved who they are, and how. */
function signedByLogin(caller: Caller, patient: Ref, now: number): Signature {
  const { authenticatedAt, methods, client, session } = caller;
  if (authenticatedAt === undefined || now - authenticatedAt > FRESH_LOGIN_MS)
    throw unsigned('the login is older than five minutes: log in again, then sign');
  const evidence = {
    auth_time: Math.floor(authenticatedAt / 1000),
    amr: methods,
    client,
    ...(session !== undefined && { session }),
  };
  return {
    type: [CONSENT_SIGNATURE],
    when: formatInstant(now),
    who: { reference: patient },
    sigFormat: 'application/json',
    data: Buffer.from(JSON.stringify(evidence), 'utf8').toString('base64'),
  };
}

const unsigned = (diagnostics: string): OperationOutcomeError =>
  new OperationOutcomeError('consent-incomplete', {
    diagnostics: `This consent lacks: signature (${diagnostics}).`,
    expression: [placeOfParameter('signature')],
  });
