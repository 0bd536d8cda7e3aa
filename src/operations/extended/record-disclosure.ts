/**
 * `Patient/[id]/$record-disclosure` (compliance B35; 45 CFR 164.528): a disclosure that a person made outside this server
 * (by phone, on paper, to the police) is entered afterwards, so that the patient's accounting is whole.
 */
import { parseDateTime } from '../../fhir/datetime.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import { BASES } from '../../policies/basis.ts';
import { ELSEWHERE_BASES, isElsewhereBasis, rowOfBasis, type DisclosedOn } from '../../policies/elsewhere.ts';
import { auditedCommit } from '../../ports/commit.ts';
import type { Elsewhere } from '../../ports/elsewhere.ts';
import type { AuditEntry, Snapshot } from '../../ports/store.ts';
import { ownRefOf, typeOf } from '../../resources/element.ts';
import { agentOf } from '../audit/audit.ts';
import { commitKeyOf, readStoredReply, replyTemplate, type StoredReply } from '../stored-reply.ts';
import { commitPlanned } from '../write/commit.ts';
import { boundedTextIn, invalidParameter, placeOfParameter, textIn } from './input.ts';
import { checkServerScope, readKeptPatient } from './keeper.ts';
import type { Given, Input, Invocation, Operation, OperationParameter, OperationReply } from './operation.ts';
import { parametersOf } from './output.ts';

const parameter = (
  name: string,
  type: string,
  documentation: string,
  min: 0 | 1 = 0,
  max: '1' | '*' = '1',
): OperationParameter => ({ name, use: 'in', min, max, type, documentation });

export const recordDisclosure: Operation = {
  name: 'record-disclosure',
  title: 'Enter a disclosure that was made outside',
  description:
    'Enters what a person told somebody outside this server, so that the patient’s accounting of disclosures shows it (45 CFR 164.528). For the organization that keeps the patient, with the scope closeloop/compliance.',
  levels: ['instance'],
  resource: ['Patient'],
  affectsState: true,
  parameters: [
    parameter('date', 'dateTime', 'When it was disclosed; not later than now.', 1),
    parameter('recipient', 'string', 'Who was told: the name of the organization or person.', 1),
    parameter('address', 'string', 'The address of the recipient, if known.'),
    parameter('what', 'string', 'A brief description of what was disclosed.', 1),
    parameter(
      'basis',
      'code',
      `What it rested on: ${[...Object.keys(BASES), ...Object.keys(ELSEWHERE_BASES)].join(', ')}.`,
      1,
    ),
    parameter('law', 'string', 'The statute, or the number of the order or of the written request.'),
    parameter('evidence', 'Reference', 'What it rests on: a Consent, DocumentReference or Contract.', 0, '*'),
    parameter('by', 'Reference', 'The Organization that made it on your behalf (a business associate).'),
    {
      name: 'event',
      use: 'out',
      min: 1,
      max: '1',
      type: 'Reference',
      documentation: 'The AuditEvent by which it is on record.',
    },
  ],
  perform,
};

/** Characters of one text, and references of evidence. */
const TEXT_MAX = 1000;
const EVIDENCE_MAX = 20;

const EVIDENCE: ReadonlySet<string> = new Set(['Consent', 'DocumentReference', 'Contract']);
const ORGANIZATION: ReadonlySet<string> = new Set(['Organization']);

async function perform(invocation: Invocation): Promise<OperationReply> {
  const { context, request, sight } = invocation;
  checkServerScope(request, 'closeloop/compliance');
  const prepare = async (snapshot: Snapshot) => {
    const { ref, custodian } = await readKeptPatient(snapshot, request, sight);
    const entered = await readEntered(invocation, snapshot);
    const reply: StoredReply = { answered: { kind: 'bundle', answers: [] }, notes: [], links: [] };
    const key = commitKeyOf(request, replyTemplate(reply));
    const commit = auditedCommit([auditElsewhere(invocation, ref, custodian, entered)], {
      ...(key !== undefined && { key }),
    });
    return { commit, templates: new Map() };
  };
  const { committed } = await commitPlanned(context, prepare);
  const seq = committed.replayed ? readStoredReply(committed.reply).seq : committed.seq;
  return {
    status: 200,
    resource: parametersOf([{ name: 'event', valueReference: { reference: `AuditEvent/${seq}-0` } }]),
  };
}

interface Entered {
  readonly elsewhere: Elsewhere;
  readonly basis: DisclosedOn;
  readonly evidence: readonly Ref[];
}

/** @throws OperationOutcomeError `parameter-invalid`, `reference-not-found` */
async function readEntered(invocation: Invocation, snapshot: Snapshot): Promise<Entered> {
  const { context, input } = invocation;
  const at = textIn(input, 'date') ?? '';
  if ((parseDateTime(at)?.low ?? Infinity) > context.clock.now())
    throw invalidParameter('date', 'date is when it was disclosed, and not later than now');
  const basis = textIn(input, 'basis');
  if (!isElsewhereBasis(basis)) throw invalidParameter('basis', 'basis is a code of the OperationDefinition');
  const given = input.get('evidence') ?? [];
  if (given.length > EVIDENCE_MAX)
    throw invalidParameter('evidence', `evidence is given ${EVIDENCE_MAX} times at most`);
  const evidence: Ref[] = [];
  for (const one of given) evidence.push(await refIn(invocation, snapshot, one, 'evidence', EVIDENCE));
  const [deputy] = input.get('by') ?? [];
  const by = deputy && (await refIn(invocation, snapshot, deputy, 'by', ORGANIZATION));
  return {
    elsewhere: {
      at,
      basis,
      recipient: wordsIn(input, 'recipient') ?? '',
      what: wordsIn(input, 'what') ?? '',
      ...optional('address', wordsIn(input, 'address')),
      ...optional('law', wordsIn(input, 'law')),
      ...optional('by', by),
    },
    basis,
    evidence,
  };
}

const optional = <K extends string>(name: K, value: string | undefined): Partial<Record<K, string>> =>
  value === undefined ? {} : ({ [name]: value } as Partial<Record<K, string>>); // of the one name

function wordsIn(input: Input, name: string): string | undefined {
  const text = boundedTextIn(input, name, TEXT_MAX);
  if (text === '') throw invalidParameter(name, `${name} says something`);
  return text;
}

/** A stored resource that the caller sees. */
async function refIn(
  { context, sight }: Invocation,
  snapshot: Snapshot,
  { value }: Given,
  name: string,
  types: ReadonlySet<string>,
): Promise<Ref> {
  const { reference } = value as { readonly reference?: string }; // a Reference, by its definition
  const ref = ownRefOf(context.settings.publicBase, reference ?? '');
  if (ref === undefined || !types.has(typeOf(ref)))
    throw invalidParameter(name, `${name} refers to ${[...types].join(', ')} of this server`);
  if ((await snapshot.read(ref, sight))?.text === undefined)
    throw new OperationOutcomeError('reference-not-found', { expression: [placeOfParameter(name)] });
  return ref;
}

function auditElsewhere(
  { request }: Invocation,
  patient: Ref,
  custodian: Ref | '',
  { elsewhere, basis, evidence }: Entered,
): AuditEntry {
  return {
    event: 'disclose-elsewhere',
    action: 'R',
    outcome: '0',
    agent: agentOf(request.caller),
    purposes: [rowOfBasis(basis).purpose],
    requestId: request.requestId,
    entities: evidence,
    patients: [patient],
    elsewhere,
    viewers: custodian === '' ? [] : [custodian],
  };
}
