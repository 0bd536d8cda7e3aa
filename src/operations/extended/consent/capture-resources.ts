/**
 * What a capture writes (compliance K2, K6): the Consent (what), the DocumentReference with its Binary (on which paper), and
 * the Provenance (who recorded it).
 */
import { createHash } from 'node:crypto';
import type { Attachment, Ref, Reference, Resource } from '../../../fhir/types.ts';
import { buildConsent, CONSENT_DOCUMENT } from '../../../policies/consent/captured.ts';
import { CONSENT_STATEMENTS, isConsentStatement } from '../../../policies/consent/forms.ts';
import { kindRow } from '../../../policies/consent/kinds.ts';
import { scopeText } from '../../../policies/part2/scope-text.ts';
import { ownRefOf } from '../../../resources/element.ts';
import type { OperationContext } from '../../context.ts';
import type { Caller } from '../../request.ts';
import type { Capture } from './read-capture.ts';
import type { ConsentProof } from './signing.ts';

/** Ids that are the same however often the commit is planned. */
interface CaptureIds {
  readonly consent: Ref;
  readonly document: Ref;
  readonly binary: Ref;
  readonly provenance: Ref;
  readonly answers: Ref;
}

export function captureIds({ newId }: Pick<OperationContext, 'newId'>): CaptureIds {
  return {
    consent: `Consent/${newId()}`,
    document: `DocumentReference/${newId()}`,
    binary: `Binary/${newId()}`,
    provenance: `Provenance/${newId()}`,
    answers: `QuestionnaireResponse/${newId()}`,
  };
}

export interface Capturing {
  readonly capture: Capture;
  /** Undefined: nothing proves it, and the Consent lacks its source. */
  readonly proof: ConsentProof | undefined;
  readonly ids: CaptureIds;
  /** The answers of the form, as they are stored beside. */
  readonly response: Resource | undefined;
  readonly caller: Caller;
  readonly publicBase: string;
  /** Instant. */
  readonly now: string;
}

/** The Consent, whose source is the document. */
export const consentOf = ({ capture: { captured }, proof, ids }: Capturing): Resource =>
  buildConsent(captured, proof === undefined ? undefined : ids.document);

/** Everything beside the Consent, by reference. */
export function recordsOf(capturing: Capturing, consent: Resource): readonly (readonly [Ref, Resource])[] {
  const { ids, response } = capturing;
  const { attachment, binary } = paperOf(capturing, consent);
  return [
    ...(binary === undefined ? [] : [[ids.binary, binary] as const]),
    ...(response === undefined ? [] : [[ids.answers, answersAbout(capturing, response)] as const]),
    [ids.document, documentOf(capturing, attachment)],
    [ids.provenance, provenanceOf(capturing, [ids.consent, ids.document])],
  ];
}

const answersAbout = ({ capture: { captured } }: Capturing, response: Resource): Resource => ({
  ...response,
  status: 'completed',
  subject: { reference: captured.patient },
});

interface Paper {
  readonly attachment: Attachment;
  /** Undefined where the paper is a Binary that is here already. */
  readonly binary: Resource | undefined;
}

/** The paper as it was sent; else the words that were agreed to. */
function paperOf({ capture, ids, proof }: Capturing, consent: Resource): Paper {
  const { paper, captured } = capture;
  if (paper !== undefined && paper.data === undefined) return { attachment: paper, binary: undefined };
  const bytes =
    paper?.data === undefined
      ? Buffer.from(wordsOf(capture, proof, consent), 'utf8')
      : Buffer.from(paper.data, 'base64');
  const contentType = paper === undefined ? 'text/plain' : (paper.contentType ?? 'application/octet-stream');
  return {
    attachment: {
      contentType,
      url: ids.binary,
      size: bytes.length,
      hash: createHash('sha1').update(bytes).digest('base64'),
      ...(paper?.title !== undefined && { title: paper.title }),
      ...(captured.signedAt !== undefined && { creation: captured.signedAt }),
    },
    binary: { resourceType: 'Binary', contentType, data: bytes.toString('base64') },
  };
}

/** What was agreed to, in words; nobody is named in it but the parties. */
function wordsOf({ captured }: Capture, proof: ConsentProof | undefined, consent: Resource): string {
  const { kind, statements, signedAt = 'an unknown date' } = captured;
  const { display, law } = kindRow(kind);
  return [
    `${display} (${law})`,
    scopeText(consent, new Map(namesIn([...captured.from, ...captured.to]))),
    ...statements.flatMap((code) => (isConsentStatement(code) ? [CONSENT_STATEMENTS[code]] : [])),
    proof?.kind === 'verbal' ? `Agreed in speech on ${signedAt}.` : `Signed electronically on ${signedAt}.`,
    '',
  ].join('\n');
}

const namesIn = (references: readonly Reference[]): readonly (readonly [string, string])[] =>
  references.flatMap(({ reference, display }) =>
    reference === undefined ? [] : [[reference, display ?? reference] as const],
  );

function documentOf(
  { capture: { captured }, ids, response, now }: Capturing,
  attachment: Attachment,
): Resource {
  return {
    resourceType: 'DocumentReference',
    status: 'current',
    type: { coding: [{ system: 'http://loinc.org', code: CONSENT_DOCUMENT }] },
    subject: { reference: captured.patient },
    date: now,
    author: [{ reference: captured.keeper }],
    custodian: { reference: captured.keeper },
    content: [{ attachment }],
    ...(response !== undefined && { context: { related: [{ reference: ids.answers }] } }),
  };
}

const PARTICIPANT = 'http://terminology.hl7.org/CodeSystem/provenance-participant-type';
const PARTICIPATION = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType';

/** Who recorded it, for which organization, and the signature. */
export function provenanceOf(
  { capture, proof, caller, publicBase, now }: Omit<Capturing, 'ids' | 'response'>,
  targets: readonly Ref[],
): Resource {
  const { captured, witness, form } = capture;
  return {
    resourceType: 'Provenance',
    target: targets.map((reference) => ({ reference })),
    ...(captured.signedAt !== undefined && { occurredDateTime: captured.signedAt }),
    recorded: now,
    ...(form !== undefined && { policy: [form] }),
    activity: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-DataOperation', code: 'CREATE' }],
    },
    agent: [
      {
        type: { coding: [{ system: PARTICIPANT, code: 'performer' }] },
        who: whoIs(caller, publicBase, captured.patient),
        onBehalfOf: { reference: captured.keeper },
      },
      ...(witness === undefined
        ? []
        : [{ type: { coding: [{ system: PARTICIPATION, code: 'WIT' }] }, who: witness }]),
    ],
    ...(proof?.kind === 'signature' && { signature: [proof.signature] }),
  };
}

/** The person behind the request; a person who is not on record here is known by what the issuer calls them. */
function whoIs({ user, subject }: Caller, publicBase: string, patient: Ref): Reference {
  const named = ownRefOf(publicBase, user ?? '');
  if (named === patient) return { reference: patient };
  return { identifier: { value: user ?? subject } };
}
