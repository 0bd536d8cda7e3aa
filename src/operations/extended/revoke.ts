/**
 * `Consent/[id]/$revoke` (compliance C11): ends a Consent, and writes down when, by whom and how. It is a version like any
 * other: what the Consent permitted or denied, it does so no more from this commit on.
 */
import type { Extension, Reference, Resource } from '../../fhir/types.ts';
import { CONSENT_EXTENSIONS } from '../../policies/consent/read-consent.ts';
import { isRevocationWay, type RevocationWay } from '../../policies/consent/write-rules.ts';
import type { Request } from '../request.ts';
import { performWrite } from '../write/write.ts';
import { planStoredChange } from './change-stored.ts';
import { invalidParameter, textIn, valueIn } from './input.ts';
import type { Invocation, Operation, OperationReply } from './operation.ts';

export const revoke: Operation = {
  name: 'revoke',
  id: 'Consent-revoke',
  title: 'End a Consent',
  description:
    'Ends a Consent and writes down when, by whom and how (45 CFR 164.508(b)(5), 164.522(a)(2); 42 CFR 2.31(a)(6)). An authorization is ended in writing, a restriction also by word of mouth with a note. An entity may inform the patient that it ends a restriction: the Consent then stays active and denies what was created before.',
  levels: ['instance'],
  resource: ['Consent'],
  affectsState: true,
  needs: 'update',
  parameters: [
    { name: 'by', use: 'in', min: 1, max: '1', type: 'Reference', documentation: 'Who ends it.' },
    {
      name: 'how',
      use: 'in',
      min: 1,
      max: '1',
      type: 'code',
      documentation: 'How it is ended: written, oral-note or informed.',
    },
    {
      name: 'document',
      use: 'in',
      min: 0,
      max: '1',
      type: 'Reference',
      documentation: 'The letter, or the note (a DocumentReference).',
    },
    {
      name: 'return',
      use: 'out',
      min: 1,
      max: '1',
      type: 'Consent',
      documentation: 'The Consent as it is stored.',
    },
  ],
  perform,
};

async function perform({ context, request, input }: Invocation): Promise<OperationReply> {
  const how = textIn(input, 'how');
  if (!isRevocationWay(how)) throw invalidParameter('how', 'how is written, oral-note or informed');
  const by = valueIn(input, 'by') as Reference; // required, and of this type
  const document = valueIn(input, 'document') as Reference | undefined;
  // `Prefer` speaks of the answer of a write; here the Consent is the answer.
  const asPatch: Request = { ...request, interaction: 'patch', prefer: { return: 'representation' } };
  return performWrite(context, asPatch, (draft, asked) =>
    planStoredChange(draft, asked, (tree) => ended(tree, revocation(draft.now, by, how, document), how)),
  );
}

const revocation = (
  at: string,
  by: Reference,
  how: RevocationWay,
  document: Reference | undefined,
): Extension => ({
  url: CONSENT_EXTENSIONS.revocation,
  extension: [
    { url: 'at', valueDateTime: at },
    { url: 'by', valueReference: by },
    { url: 'how', valueCode: how },
    ...(document === undefined ? [] : [{ url: 'document', valueReference: document }]),
  ],
});

/** What has ended is left as it is. */
function ended(consent: Resource, how: Extension, way: RevocationWay): Resource | undefined {
  if (consent['status'] === 'inactive') return undefined;
  const extensions = (consent['extension'] ?? []) as readonly Extension[]; // validated structure
  const others = extensions.filter(({ url }) => url !== CONSENT_EXTENSIONS.revocation);
  return {
    ...consent,
    status: way === 'informed' ? 'active' : 'inactive',
    extension: [...others, how],
  };
}
