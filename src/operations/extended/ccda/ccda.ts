/**
 * `$ccda`: a referral, a patient's record or a document Bundle as a clinical document in C-CDA R2.1, with the list of what
 * such a document cannot carry. Nothing is stored: the same record gives the same document, under the same id.
 */
import { writeDocument, type DocumentContent, type WriteOptions } from '../../../ccda/write/document.ts';
import { contentOfBundle } from '../../../ccda/write/from-bundle.ts';
import { DOCUMENTS, SECTIONS, type DocumentKind, type SectionName } from '../../../ccda/write/templates.ts';
import { formatInstant } from '../../../fhir/datetime.ts';
import { uuidOf } from '../../../fhir/identifier.ts';
import { notHere, OperationOutcomeError } from '../../../fhir/issue.ts';
import type { Ref, Resource } from '../../../fhir/types.ts';
import { askWhole, JUSTIFICATION, neededOf, type WholeRecord } from '../../minimum/whole.ts';
import { noticeOfDocument } from './notice.ts';
import { resourceIn, textIn, textsIn, isTrueIn } from '../input.ts';
import type { Invocation, Operation, OperationParameter, OperationReply } from '../operation.ts';
import { parametersOf } from '../output.ts';
import { contentOfOrder, contentOfPatient } from './content.ts';
import { follow, gatheringFor, ofPatient, type Gathered } from './gather.ts';
import { listOfLosses } from './loss-list.ts';
import { readPresent } from '../../read-present.ts';
import type { OperationContext } from '../../context.ts';
import { seenOf } from '../../interactions/read.ts';
import type { Seen } from '../../seen.ts';

export const CCDA_TYPE = 'application/hl7-cda+xml';

const KINDS = Object.keys(DOCUMENTS) as readonly DocumentKind[];
const NAMES = Object.keys(SECTIONS) as readonly SectionName[];

const OUT: readonly OperationParameter[] = [
  {
    name: 'document',
    use: 'out',
    min: 1,
    max: '1',
    type: 'Binary',
    documentation: `The document, in ${CCDA_TYPE}. With Accept: ${CCDA_TYPE} or text/xml it is answered by itself, and a Link leads to the losses.`,
  },
  {
    name: 'losses',
    use: 'out',
    min: 1,
    max: '1',
    type: 'List',
    documentation: 'What the document could not carry: an OperationOutcome for each element.',
  },
];

const ONLY_LOSSES: OperationParameter = {
  name: 'lossesOnly',
  use: 'in',
  min: 0,
  max: '1',
  type: 'boolean',
  documentation: 'Answers the losses without the document.',
};

const KIND: OperationParameter = {
  name: 'kind',
  use: 'in',
  min: 0,
  max: '1',
  type: 'code',
  documentation: `The kind of document: ${KINDS.join(', ')}.`,
};

const SECTION: OperationParameter = {
  name: 'section',
  use: 'in',
  min: 0,
  max: '*',
  type: 'code',
  documentation: `The sections that are wanted beside those that the kind requires: ${NAMES.join(', ')}.`,
};

const COMMON = {
  name: 'ccda',
  affectsState: false,
  needs: 'read',
  content: { gives: [CCDA_TYPE, 'text/xml'] },
} as const satisfies Partial<Operation>;

export const referralCcda: Operation = {
  ...COMMON,
  id: 'ServiceRequest-ccda',
  title: 'A referral as a clinical document',
  description:
    'The order and what it refers to, as a Referral Note (C-CDA R2.1). Nothing of the patient is told that the order does not reach.',
  levels: ['instance'],
  resource: ['ServiceRequest'],
  parameters: [KIND, SECTION, ONLY_LOSSES, ...OUT],
  perform: (invocation) => perform(invocation, 'referral-note', orderContent),
};

export const patientCcda: Operation = {
  ...COMMON,
  id: 'Patient-ccda',
  title: 'A patient’s record as a clinical document',
  description:
    'What the caller may see of a patient’s record and what holds now, as a Continuity of Care Document (C-CDA R2.1): the sections that such a document requires, and those that are asked for.',
  levels: ['instance'],
  resource: ['Patient'],
  parameters: [KIND, SECTION, JUSTIFICATION, ONLY_LOSSES, ...OUT],
  perform: (invocation) => perform(invocation, 'ccd', patientContent),
};

export const bundleCcda: Operation = {
  ...COMMON,
  id: 'Bundle-ccda',
  title: 'A document Bundle as a clinical document',
  description: 'A Bundle of type document, stored or sent, as the clinical document that its Composition is.',
  levels: ['type', 'instance'],
  resource: ['Bundle'],
  parameters: [
    {
      name: 'bundle',
      use: 'in',
      min: 0,
      max: '1',
      type: 'Bundle',
      documentation: 'The Bundle, where none is named by the address.',
    },
    ONLY_LOSSES,
    ...OUT,
  ],
  perform: (invocation) => perform(invocation, undefined, bundleContent),
};

/** What is written, and what was read for it. */
interface DocumentDraft {
  readonly content: DocumentContent;
  readonly options: WriteOptions;
  readonly seen: readonly Seen[];
  readonly cut: boolean;
  /** The resources that it is made of, by reference. */
  readonly told: ReadonlyMap<Ref, Resource>;
  readonly audit?: WholeRecord;
}

type DraftDocument = (invocation: Invocation, kind: DocumentKind | undefined) => Promise<DocumentDraft>;

async function perform(
  invocation: Invocation,
  usual: DocumentKind | undefined,
  tell: DraftDocument,
): Promise<OperationReply> {
  const { context, request, input } = invocation;
  const kind = textIn(input, 'kind');
  if (kind !== undefined && !KINDS.includes(kind as DocumentKind)) throw unknown('kind', KINDS);
  const { content, options, seen, cut, told, audit } = await tell(
    invocation,
    (kind as DocumentKind | undefined) ?? usual,
  );
  const notice = await noticeOfDocument(context, request.caller, { told, seen, order: content.order });
  const { xml, losses } = writeDocument({ ...content, notice }, options);
  const all = cut
    ? [
        ...losses,
        {
          direction: 'out',
          kind: 'unmapped',
          at: 'Bundle',
          what: 'there is more than one document holds',
        } as const,
      ]
    : losses;
  const list = listOfLosses(all, content.time);
  const bytes = Buffer.from(xml, 'utf8');
  const binary: Resource = { resourceType: 'Binary', contentType: CCDA_TYPE, data: bytes.toString('base64') };
  const resource = isTrueIn(input, 'lossesOnly')
    ? list
    : parametersOf([
        { name: 'document', resource: binary },
        { name: 'losses', resource: list },
      ]);
  const { type = '', id } = request;
  const address = `${context.settings.publicBase}/${id === undefined ? type : `${type}/${id}`}/$ccda?lossesOnly=true`;
  return {
    status: 200,
    resource,
    seen,
    audit: { ...audit, ...(notice !== undefined && { notice: 1 }) },
    ...(id !== undefined && { headers: { Link: `<${address}>; rel="describedby"` } }),
    ...(!isTrueIn(input, 'lossesOnly') && {
      content: { bytes, contentType: CCDA_TYPE, alsoAs: ['text/xml'] },
    }),
  };
}

const unknown = (name: string, allowed: readonly string[]): OperationOutcomeError =>
  new OperationOutcomeError('parameter-invalid', { diagnostics: `${name} is one of ${allowed.join(', ')}` });

/** @throws OperationOutcomeError `parameter-invalid` for a name that no section has */
function sectionsIn({ input }: Invocation, kind: DocumentKind): ReadonlySet<SectionName> | undefined {
  const names = textsIn(input, 'section');
  if (names.some((name) => !NAMES.includes(name as SectionName))) throw unknown('section', NAMES);
  return names.length === 0 ? undefined : new Set([...DOCUMENTS[kind].required, ...(names as SectionName[])]);
}

const orderContent: DraftDocument = async (invocation, kind = 'referral-note') => {
  const { context, request, sight } = invocation;
  const sections = sectionsIn(invocation, kind);
  const snapshot = context.store.snapshot();
  const ref: Ref = `ServiceRequest/${request.id ?? ''}`;
  const version = await readPresent(snapshot, ref, sight);
  const custodian = version.custodian === '' ? [] : [version.custodian];
  const gathered = await follow(gatheringFor(context, request, snapshot), [...custodian], [version]);
  const order = gathered.resources.get(ref);
  if (order === undefined) throw notHere(ref);
  const base = context.settings.publicBase;
  const content = contentOfOrder(gathered, order, { kind, base, sections });
  return draftOf(context, gathered, content);
};

const seenIn = (context: OperationContext, { versions }: Gathered): readonly Seen[] =>
  versions.map((version) => seenOf(context, version, version.text ?? ''));

const draftOf = (context: OperationContext, gathered: Gathered, content: DocumentContent): DocumentDraft => ({
  content,
  options: { base: context.settings.publicBase, lookUp: gathered.lookUp },
  seen: seenIn(context, gathered),
  cut: gathered.cut,
  told: gathered.resources,
});

const patientContent: DraftDocument = async (invocation, kind = 'ccd') => {
  const { context, request, sight } = invocation;
  const asked = sectionsIn(invocation, kind);
  const snapshot = context.store.snapshot();
  const ref: Ref = `Patient/${request.id ?? ''}`;
  const version = await readPresent(snapshot, ref, sight);
  const sections = asked ?? new Set(DOCUMENTS[kind].required);
  const isWhole = NAMES.every((name) => sections.has(name));
  const audit = await askWhole(invocation, version.custodian, isWhole);
  const isNamed = asked !== undefined && !isWhole;
  const types = [...sections].flatMap((name) => SECTIONS[name].types);
  const own = request.caller.organization;
  const gathering = gatheringFor(context, request, snapshot);
  const gathered = await ofPatient(
    gathering,
    ref,
    types,
    [...(version.custodian === '' ? [] : [version.custodian]), ...(own === undefined ? [] : [own])],
    (found) => (isNamed ? found : neededOf(found, request.caller, audit, ref)),
  );
  const patient = gathered.resources.get(ref);
  if (patient === undefined) throw notHere(ref);
  const base = context.settings.publicBase;
  const content = contentOfPatient(gathered, patient, { kind, base, sections }, own);
  return { ...draftOf(context, gathered, content), audit };
};

const bundleContent: DraftDocument = async (invocation) => {
  const { context, request, input } = invocation;
  const given = resourceIn(input, 'bundle')?.storing;
  const ref: Ref = `Bundle/${request.id ?? ''}`;
  const gathered = request.id === undefined ? undefined : await readOne(invocation, ref);
  const bundle = given ?? gathered?.resources.get(ref);
  if (bundle === undefined)
    throw request.id === undefined
      ? new OperationOutcomeError('field-missing', { diagnostics: 'the parameter bundle is missing' })
      : notHere(ref);
  const base = context.settings.publicBase;
  const named = JSON.stringify(bundle['identifier'] ?? ref);
  const setId = uuidOf(`${base} ${named}`);
  const { content, options } = contentOfBundle(bundle, {
    id: uuidOf(`${setId} ${JSON.stringify(bundle)}`),
    setId,
    version: Math.max(1, gathered?.seq ?? 1),
    now: formatInstant(context.clock.now()),
    base,
  });
  return {
    content,
    options,
    seen: gathered === undefined ? [] : seenIn(context, gathered),
    cut: false,
    told: new Map([[ref, bundle]]),
  };
};

async function readOne({ context, request, sight }: Invocation, ref: Ref): Promise<Gathered | undefined> {
  const snapshot = context.store.snapshot();
  const version = await snapshot.read(ref, sight);
  return version?.text === undefined
    ? undefined
    : follow(gatheringFor(context, request, snapshot), [], [version]);
}
