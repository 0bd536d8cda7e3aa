/** Contracts that are business associate agreements, for tests: one that is in force, and changes to it. */
import {
  AGREEMENT_EXTENSIONS,
  BA_SERVICE,
  CONTRACT_TERM,
  CONTRACT_TYPE,
  SIGNER_CODES,
  SIGNER_TYPE,
  type AgreementKind,
  type Side,
} from '../src/agreements/contract.ts';
import { CHECKLIST } from '../src/agreements/checklist.ts';
import type { StoredContract } from '../src/agreements/pair.ts';
import type { Resource } from '../src/fhir/types.ts';

export interface AgreementSpec {
  readonly id?: string;
  readonly status?: string;
  readonly kinds?: readonly AgreementKind[];
  readonly principal?: string;
  readonly associate?: string;
  readonly services?: readonly string[];
  readonly start?: string;
  /** Null: it has no end. */
  readonly end?: string | null;
  readonly issued?: string;
  /** Codes of the checklist that it holds; by default all that are required. */
  readonly holds?: readonly string[];
  /** The sides that have signed; by default both. */
  readonly signed?: readonly Side[];
  /** SHA-256 of its document. */
  readonly hash?: string;
  /** Its document. */
  readonly document?: string;
  readonly signedHash?: string;
  readonly signedOn?: string;
  readonly reason?: { readonly code?: string; readonly text?: string; readonly effective?: string };
  /** When its last move was written: an instant. */
  readonly movedAt?: string;
  readonly version?: number;
  readonly lastUpdated?: string;
}

/** Of the document that the scenes of tests keep as Binary/agreement. */
const HASH = 'e5c62df5dab5c87b6a015ef3d43597074d1eec433b15f51aec63b8582d0e4ab4';

export const REQUIRED_TERMS: readonly string[] = CHECKLIST.filter(
  ({ required }) => required === 'always' || required === 'except-government',
).map(({ code }) => code);

/** A Contract that is in force from 2026-02-01 through 2027-01-31, changed as told. */
export function agreement(spec: AgreementSpec = {}): Resource {
  const { id, status = 'executed', kinds = ['baa'], services = ['billing'], hash = HASH } = spec;
  const { principal = 'Organization/elm', associate = 'Organization/billing-co' } = spec;
  const end = spec.end === null ? {} : { end: spec.end ?? '2027-01-31' };
  return {
    resourceType: 'Contract',
    ...(id !== undefined && { id }),
    ...metaOf(spec),
    status,
    type: { coding: kinds.map((code) => ({ system: CONTRACT_TYPE, code })) },
    authority: [{ reference: principal }],
    subject: [{ reference: associate }],
    issued: spec.issued ?? '2026-01-10',
    applies: { start: spec.start ?? '2026-02-01', ...end },
    extension: [...(spec.holds ?? REQUIRED_TERMS).map(termOf), ...reasonOf(spec), ...eventOf(spec)],
    term: [
      {
        type: { coding: [{ system: CONTRACT_TERM, code: 'permitted-use' }] },
        subType: { coding: services.map((code) => ({ system: BA_SERVICE, code })) },
        offer: { text: services.join(', ') },
      },
    ],
    ...signersOf(spec, { principal, associate }),
    legal: [
      {
        contentAttachment: {
          contentType: 'application/pdf',
          url: spec.document ?? 'Binary/agreement',
          extension: [{ url: AGREEMENT_EXTENSIONS.contentHash, valueString: hash }],
        },
      },
    ],
  };
}

function signersOf(spec: AgreementSpec, parties: Readonly<Record<Side, string>>) {
  const signed = spec.signed ?? ['principal', 'associate'];
  return signed.length === 0 ? {} : { signer: signed.map((side) => signer(side, parties[side], spec)) };
}

/** As the store holds it. */
export const stored = (
  spec: AgreementSpec & { readonly id: string; readonly seq?: number },
): StoredContract => ({
  ref: `Contract/${spec.id}`,
  seq: spec.seq ?? 1,
  contract: agreement(spec),
});

const termOf = (code: string) => ({
  url: AGREEMENT_EXTENSIONS.checklist,
  extension: [
    { url: 'code', valueCode: code },
    { url: 'clause', valueString: '7.2' },
  ],
});

export const signer = (side: Side, party: string, spec: AgreementSpec = {}) => ({
  type: { system: SIGNER_TYPE, code: SIGNER_CODES[side] },
  party: { reference: party },
  signature: [
    {
      extension: [
        { url: AGREEMENT_EXTENSIONS.signedHash, valueString: spec.signedHash ?? spec.hash ?? HASH },
      ],
      type: [{ system: 'urn:iso-astm:E1762-95:2013', code: '1.2.840.10065.1.12.1.1' }],
      when: spec.signedOn ?? '2026-01-20T09:00:00Z',
      who: { reference: party },
    },
  ],
});

const metaOf = ({ version, lastUpdated }: AgreementSpec) =>
  version === undefined && lastUpdated === undefined
    ? {}
    : {
        meta: {
          ...(version !== undefined && { versionId: String(version) }),
          ...(lastUpdated !== undefined && { lastUpdated }),
        },
      };

const reasonOf = ({ reason }: AgreementSpec) =>
  reason === undefined
    ? []
    : [
        {
          url: AGREEMENT_EXTENSIONS.reason,
          extension: [
            ...(reason.code === undefined ? [] : [{ url: 'code', valueCode: reason.code }]),
            ...(reason.text === undefined ? [] : [{ url: 'text', valueString: reason.text }]),
            ...(reason.effective === undefined
              ? []
              : [{ url: 'effective', valueDateTime: reason.effective }]),
          ],
        },
      ];

const eventOf = ({ movedAt }: AgreementSpec) =>
  movedAt === undefined
    ? []
    : [
        {
          url: AGREEMENT_EXTENSIONS.event,
          extension: [
            { url: 'row', valueCode: 'BT06' },
            { url: 'from', valueCode: 'pending' },
            { url: 'at', valueInstant: movedAt },
          ],
        },
      ];
