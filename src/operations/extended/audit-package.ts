/**
 * `Organization/[id]/$audit-package` and what belongs to it (audit-compliance AU15, AU19; FHIR's asynchronous pattern): asks
 * for a package, for its state and its files, and for its removal.
 */
import { parseDateTime } from '../../fhir/datetime.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import type { AuditPackages, PackageQuery } from '../../ports/audit-packages.ts';
import { ownRefOf, typeOf } from '../../resources/element.ts';
import { agentOf } from '../audit/audit.ts';
import { recordAlways } from '../audit/record.ts';
import { invalidParameter, numberIn, textIn, valueIn } from './input.ts';
import { checkServerScope } from './keeper.ts';
import type { Invocation, Operation, OperationParameter, OperationReply } from './operation.ts';
import { parametersOf } from './output.ts';

const entered = (name: string, type: string, documentation: string, min: 0 | 1 = 0): OperationParameter => ({
  name,
  use: 'in',
  min,
  max: '1',
  type,
  documentation,
});

const PACKAGE = entered('package', 'string', 'The package: part of the links that the server gives.', 1);

const onOrganization = { levels: ['instance'], resource: ['Organization'] } as const;

export const auditPackage: Operation = {
  ...onOrganization,
  name: 'audit-package',
  title: 'Make a package for an auditor',
  description:
    'Begins a signed package of the organization’s audit for at most 366 days, and answers 202 with a Content-Location that says how it stands. For the organization itself, with the scope closeloop/compliance.',
  affectsState: true,
  parameters: [
    entered('from', 'dateTime', 'The first instant or day.', 1),
    entered('to', 'dateTime', 'The last instant or day.', 1),
    entered('patient', 'Reference', 'About this patient alone.'),
    entered('referral', 'Reference', 'About this ServiceRequest or Task alone.'),
    { name: 'package', use: 'out', min: 1, max: '1', type: 'string', documentation: 'The package.' },
  ],
  perform: begin,
};

export const auditPackageStatus: Operation = {
  ...onOrganization,
  name: 'audit-package-status',
  title: 'How a package stands',
  description: 'Answers 202 while a package is made, then 200 with its files. It goes after a day.',
  affectsState: false,
  parameters: [
    PACKAGE,
    {
      name: 'file',
      use: 'out',
      min: 0,
      max: '*',
      documentation: 'A file of the package.',
      part: [
        { name: 'name', use: 'out', min: 1, max: '1', type: 'string', documentation: 'Its name.' },
        { name: 'bytes', use: 'out', min: 1, max: '1', type: 'decimal', documentation: 'Its length.' },
        {
          name: 'sha256',
          use: 'out',
          min: 1,
          max: '1',
          type: 'string',
          documentation: 'Its digest, in hex.',
        },
        { name: 'url', use: 'out', min: 1, max: '1', type: 'url', documentation: 'Where it is read.' },
      ],
    },
  ],
  perform: tellState,
};

export const auditPackageFile: Operation = {
  ...onOrganization,
  name: 'audit-package-file',
  title: 'A file of a package',
  description: 'A part of a file of a package, of at most four MiB; empty behind its end.',
  affectsState: false,
  content: { gives: ['application/octet-stream'] },
  parameters: [
    PACKAGE,
    entered('name', 'string', 'The name of the file.', 1),
    entered('offset', 'decimal', 'The byte at which the part begins; default: the first.'),
    { name: 'return', use: 'out', min: 1, max: '1', type: 'Binary', documentation: 'The part.' },
  ],
  perform: readFile,
};

export const auditPackageCancel: Operation = {
  ...onOrganization,
  name: 'audit-package-cancel',
  title: 'Take a package away',
  description: 'Ends a package that is being made, and removes its files.',
  affectsState: true,
  parameters: [
    PACKAGE,
    { name: 'outcome', use: 'out', min: 1, max: '1', type: 'code', documentation: '`cancelled`.' },
  ],
  perform: cancel,
};

const DAYS_MAX = 366;
const DAY = 86_400_000;

/** Who may have packages of an organization, and what makes them. @throws OperationOutcomeError */
function admitted({ context, request }: Invocation): {
  readonly packages: AuditPackages;
  readonly organization: Ref;
} {
  checkServerScope(request, 'closeloop/compliance');
  const organization: Ref = `Organization/${request.id ?? ''}`;
  if (request.caller.organization !== organization)
    throw new OperationOutcomeError('scope-insufficient', {
      diagnostics: 'an organization asks for its own audit',
    });
  if (context.packages === undefined) throw new OperationOutcomeError('operation-unknown');
  return { packages: context.packages, organization };
}

async function begin(invocation: Invocation): Promise<OperationReply> {
  const { packages, organization } = admitted(invocation);
  const { context, request } = invocation;
  const { caller, requestId } = request;
  const query = readQuery(invocation, organization);
  const { from, to, patient, referral } = query;
  const period = `from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`;
  // On record before the first byte of it is written.
  await recordAlways(context, {
    event: 'export',
    action: 'R',
    outcome: '0',
    agent: agentOf(caller),
    purposes: caller.purposes,
    requestId,
    entities: [organization, ...(referral === undefined ? [] : [referral])],
    patients: patient === undefined ? [] : [patient],
    query: `$audit-package?${period}`,
    viewers: [organization],
  });
  const id = packages.begin(query, caller.user ?? caller.subject);
  if (id === undefined)
    throw new OperationOutcomeError('busy', {
      retryAfter: 60,
      diagnostics: 'a package is being made already, or too many are kept: take one away',
    });
  const at = addressOf(invocation, 'status', id);
  return {
    status: 202,
    headers: { 'Content-Location': at },
    resource: parametersOf([{ name: 'package', valueString: id }]),
  };
}

const addressOf = ({ context, request }: Invocation, what: 'status' | 'file', id: string): string =>
  `${context.settings.publicBase}/Organization/${request.id ?? ''}/$audit-package-${what}?package=${id}`;

function readQuery(invocation: Invocation, organization: Ref): PackageQuery {
  const { input, context } = invocation;
  const from = parseDateTime(textIn(input, 'from') ?? '')?.low ?? 0;
  const to = parseDateTime(textIn(input, 'to') ?? '')?.high ?? context.clock.now();
  if (to < from) throw invalidParameter('to', 'to is not before from');
  if (to - from > DAYS_MAX * DAY) throw invalidParameter('to', `a package is of at most ${DAYS_MAX} days`);
  const patient = refIn(invocation, 'patient', ['Patient']);
  const referral = refIn(invocation, 'referral', ['ServiceRequest', 'Task']);
  return { organization, from, to, ...(patient && { patient }), ...(referral && { referral }) };
}

function refIn({ input, context }: Invocation, name: string, types: readonly string[]): Ref | undefined {
  const given = valueIn(input, name) as { readonly reference?: string } | undefined; // a Reference, by its definition
  if (given === undefined) return undefined;
  const ref = ownRefOf(context.settings.publicBase, given.reference ?? '');
  if (ref === undefined || !types.includes(typeOf(ref)))
    throw invalidParameter(name, `${name} refers to ${types.join(' or ')} of this server`);
  return ref;
}

const absent = (): OperationOutcomeError =>
  new OperationOutcomeError('not-found', { diagnostics: 'There is no such package, or not any more.' });

const PROGRESS = { 'X-Progress': 'working', 'Retry-After': '5' };

async function tellState(invocation: Invocation): Promise<OperationReply> {
  const { packages, organization } = admitted(invocation);
  const id = textIn(invocation.input, 'package') ?? '';
  const state = packages.stateOf(id, organization);
  if (state === undefined) throw absent();
  if (state.state === 'failed') throw new OperationOutcomeError('internal');
  if (state.state === 'working') return { status: 202, headers: PROGRESS, resource: parametersOf([]) };
  const url = addressOf(invocation, 'file', id);
  return {
    status: 200,
    headers: { Expires: new Date(state.until).toUTCString() },
    resource: parametersOf(
      state.files.map(({ name, bytes, sha256 }) => ({
        name: 'file',
        part: [
          { name: 'name', valueString: name },
          { name: 'bytes', valueDecimal: bytes },
          { name: 'sha256', valueString: sha256 },
          { name: 'url', valueUrl: `${url}&name=${encodeURIComponent(name)}` },
        ],
      })),
    ),
  };
}

async function readFile(invocation: Invocation): Promise<OperationReply> {
  const { packages, organization } = admitted(invocation);
  const { input } = invocation;
  const offset = numberIn(input, 'offset') ?? Number(textIn(input, 'offset') ?? 0);
  if (!Number.isSafeInteger(offset) || offset < 0)
    throw invalidParameter('offset', 'offset is a number of bytes');
  const bytes = await packages.read(
    textIn(input, 'package') ?? '',
    organization,
    textIn(input, 'name') ?? '',
    offset,
  );
  if (bytes === undefined) throw absent();
  const contentType = 'application/octet-stream';
  return {
    status: 200,
    resource: {
      resourceType: 'Binary',
      contentType,
      ...(bytes.length > 0 && { data: bytes.toString('base64') }),
    },
    content: { bytes, contentType, usual: true },
  };
}

async function cancel(invocation: Invocation): Promise<OperationReply> {
  const { packages, organization } = admitted(invocation);
  const { context, request, input } = invocation;
  if (!(await packages.cancel(textIn(input, 'package') ?? '', organization))) throw absent();
  await recordAlways(context, {
    event: 'export',
    action: 'D',
    outcome: '0',
    agent: agentOf(request.caller),
    requestId: request.requestId,
    entities: [organization],
    patients: [],
    query: '$audit-package-cancel',
    viewers: [organization],
  });
  return { status: 200, resource: parametersOf([{ name: 'outcome', valueCode: 'cancelled' }]) };
}
