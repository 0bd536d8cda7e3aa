/**
 * `$validate` (http://hl7.org/fhir/R4/resource-operation-validate.html): the findings about a resource, and whether a
 * create, update or delete of it would succeed, without doing it. It reports every finding, also those that forbid
 * nothing. It checks the profiles of the targets of references as far as the caller may see them.
 */
import { buildOutcome, notHere, OperationOutcomeError, type IssueDetail } from '../../fhir/issue.ts';
import { parseReference, relativeTo } from '../../fhir/reference.ts';
import { parseJson } from '../../fhir/json.ts';
import type { Body } from '../../fhir/body.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import type { Snapshot } from '../../ports/store.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { RESOURCE_TYPES } from '../../resources/index.ts';
import { codesIn } from '../../resources/validation/codings.ts';
import { isKnownProfile, type LookUp } from '../../resources/validate.ts';
import type { Seen } from '../seen.ts';
import { seenOf } from '../interactions/read.ts';
import { bodyIs } from '../interactions/write.ts';
import { LARGE } from '../heavy.ts';
import { unservedIn } from '../write/references.ts';
import { dryRun, type DryRun } from '../write/dry-run.ts';
import type { Request } from '../request.ts';
import type { OperationContext } from '../context.ts';
import { checkTypeRole } from '../role.ts';
import { checkScope, sightFor, sightForType } from '../scope.ts';
import { isFileShown } from '../binary-shown.ts';
import { showText } from '../show.ts';
import { judgeWithStored } from '../write/stored-bindings.ts';
import type { Seeing } from '../terminology.ts';
import { isFault, judgeAtLevel, judgeElsewhere } from '../write/validate-draft.ts';
import { resourceIn, textIn } from './input.ts';
import type { Invocation, Operation, OperationReply } from './operation.ts';

const BASE = 'http://hl7.org/fhir/OperationDefinition/Resource-validate';
const MODES = ['create', 'update', 'delete', 'profile'] as const;
type Mode = (typeof MODES)[number];

export const validate: Operation = {
  name: 'validate',
  base: BASE,
  title: 'Validate a resource',
  description:
    'Says everything that is wrong with a resource or worth knowing of it, and with a mode whether that would be done, without doing it. Without a resource, the stored one is judged.',
  levels: ['type', 'instance'],
  resource: 'any',
  affectsState: false,
  parameters: [
    {
      name: 'resource',
      use: 'in',
      min: 0,
      max: '1',
      type: 'Resource',
      documentation: 'What is judged. Needed unless the mode is delete or a stored resource is meant.',
    },
    {
      name: 'mode',
      use: 'in',
      min: 0,
      max: '1',
      type: 'code',
      documentation: `One of ${MODES.join(', ')}. Without it, the content alone is judged.`,
    },
    {
      name: 'profile',
      use: 'in',
      min: 0,
      max: '1',
      type: 'uri',
      documentation: 'Canonical of a profile by which the resource is judged, whatever it claims.',
    },
    {
      name: 'return',
      use: 'out',
      min: 1,
      max: '1',
      type: 'OperationOutcome',
      documentation: 'All that was found.',
    },
  ],
  perform: performValidation,
};

interface ValidationRequest {
  readonly invocation: Invocation;
  readonly mode: Mode | undefined;
  readonly profile: string | undefined;
  readonly snapshot: Snapshot;
  readonly seen: Seen[];
}

async function performValidation(invocation: Invocation): Promise<OperationReply> {
  const { context, input } = invocation;
  const asked: ValidationRequest = {
    invocation,
    mode: readMode(invocation),
    profile: readProfile(invocation),
    snapshot: context.store.snapshot(),
    seen: [],
  };
  const details =
    asked.mode === 'delete' ? await wouldDelete(asked) : await judge(asked, resourceIn(input, 'resource'));
  return { status: 200, resource: tell(details), seen: asked.seen };
}

/** @throws OperationOutcomeError `parameter-invalid` */
function readMode({ input, level }: Invocation): Mode | undefined {
  const given = textIn(input, 'mode');
  if (given === undefined) return undefined;
  const mode = MODES.find((each) => each === given);
  if (mode === undefined) throw refuse(`mode is one of ${MODES.join(', ')}`);
  if ((mode === 'update' || mode === 'delete') && level !== 'instance')
    throw refuse(`mode ${mode} needs the id in the address: [type]/[id]/$validate`);
  return mode;
}

const refuse = (diagnostics: string): OperationOutcomeError =>
  new OperationOutcomeError('parameter-invalid', { diagnostics });

/** "If a profile is nominated, and the server cannot validate against it, it SHALL return an error." */
function readProfile({ input }: Invocation): string | undefined {
  const profile = textIn(input, 'profile');
  if (profile === undefined || isKnownProfile(profile)) return profile;
  throw new OperationOutcomeError('profile-unknown');
}

async function judge(asked: ValidationRequest, given: Body | undefined): Promise<readonly IssueDetail[]> {
  const { invocation, mode, profile } = asked;
  const { context, request } = invocation;
  const { type = '' } = request;
  const body = given ?? (await readStored(asked));
  if (body.plain.resourceType !== type) {
    throw new OperationOutcomeError('resource-type-mismatch', {
      diagnostics: `the address is of ${type}, ${bodyIs(body.plain.resourceType)}`,
    });
  }
  const seeing: Seeing = { snapshot: asked.snapshot, sight: invocation.sight, signal: request.signal };
  // `$validate` reports everything, even at a level at which writes are checked less.
  const wanted = {
    level: 'claimed',
    thorough: true,
    against: profile === undefined ? [] : [profile],
  } as const;
  const elsewhere = (options = {}) =>
    judgeElsewhere(context.settings, context.heavy, request.caller.client, `${type}/`, body, options);
  // A type that is not served needs no look at the store; with a mode the dry run reports it.
  const isOfCreate = mode === undefined && request.id === undefined;
  const isLarge = (body.size ?? 0) >= LARGE;
  const told = isLarge
    ? [NOT_LOOKED_UP, ...(await elsewhere(wanted))]
    : await judgeWithStored(seeing, (membershipOf) =>
        judgeAtLevel(context.settings, `${type}/`, body, {
          ...wanted,
          lookUp: lookUpFor(asked),
          membershipOf,
        }),
      );
  const stoodCodes = await codesBefore(asked);
  const asWritten = isLarge
    ? await elsewhere({ stoodCodes })
    : await judgeAtLevel(context.settings, `${type}/`, body, { stoodCodes });
  const details =
    profile === undefined
      ? [...agree(told, asWritten), ...(isOfCreate ? unservedIn(body.plain, context.settings) : [])]
      : told;
  if ((mode !== 'create' && mode !== 'update') || details.some(isFault)) return details;
  return [...details, ...(await wouldWrite(asked, mode, body))];
}

/** The codes of the stored resource that is judged, or that this one would replace, as far as the caller sees it. */
async function codesBefore({
  invocation: { context, request },
  snapshot,
}: ValidationRequest): Promise<readonly string[]> {
  if (request.id === undefined) return [];
  const version = await readTarget(context, request, snapshot, `${request.type ?? ''}/${request.id}`);
  return version?.text === undefined ? [] : codesIn(parseStored(version.text));
}

const NOT_LOOKED_UP: IssueDetail = {
  code: 'profile-unknown',
  severity: 'information',
  type: 'informational',
  diagnostics: 'the resource is large: the server looked up neither its references nor stored value sets',
};

/**
 * A finding is an error only if a write would be refused for it. Findings from stored terminology, from targets of
 * references, or at a level that the settings do not ask for, are warnings.
 */
function agree(told: readonly IssueDetail[], asWritten: readonly IssueDetail[]): readonly IssueDetail[] {
  const refused = new Map(asWritten.filter(isFault).map((detail) => [keyOf(detail), detail]));
  const agreed = told.map((detail): IssueDetail => {
    const isRefused = refused.delete(keyOf(detail));
    return isRefused || !isFault(detail) ? detail : { ...detail, severity: 'warning' };
  });
  return [...agreed, ...refused.values()];
}

const keyOf = ({ code, expression, diagnostics }: IssueDetail): string =>
  JSON.stringify([code, expression, diagnostics]);

/** @throws OperationOutcomeError `field-missing`, `not-found` or `gone`, when there is no resource to judge */
async function readStored({ invocation, snapshot, seen, mode }: ValidationRequest): Promise<Body> {
  const { context, request } = invocation;
  const ref: Ref = `${request.type ?? ''}/${request.id ?? ''}`;
  if (request.id === undefined || mode === 'create' || mode === 'update')
    throw new OperationOutcomeError('field-missing', {
      diagnostics: 'the operation needs the parameter resource',
    });
  const asRead: Request = { ...request, interaction: 'read' };
  checkScope(asRead);
  checkTypeRole(request.caller, 'r', request.type ?? '');
  const version = await snapshot.read(ref, sightFor(asRead));
  if (
    version === undefined ||
    !(await isFileShown(snapshot, request.caller, version, context.settings.publicBase))
  )
    throw notHere(ref);
  if (version.text === undefined)
    throw new OperationOutcomeError('gone', { diagnostics: `${ref} was deleted` });
  seen.push(seenOf(context, version, version.text));
  return parseJson(version.text) as Body; // stored texts are resources
}

// — the result that a write would have

async function wouldWrite(
  asked: ValidationRequest,
  mode: 'create' | 'update',
  body: Body,
): Promise<readonly IssueDetail[]> {
  const { issues, notes } = await runDry(asked, { mode, body });
  const found = [...issues, ...notes];
  return issues.some(isFault) ? found : [...found, remark(`This ${mode} would be expected to succeed.`)];
}

async function wouldDelete(asked: ValidationRequest): Promise<readonly IssueDetail[]> {
  const { issues, notes, planned } = await runDry(asked, { mode: 'delete', body: undefined });
  const says = planned
    ? 'This delete would be expected to succeed.'
    : 'There is nothing here to delete; the server would answer as if it had deleted it.';
  return issues.some(isFault) ? [...issues, ...notes] : [...issues, ...notes, remark(says)];
}

const runDry = (
  { invocation, snapshot }: ValidationRequest,
  { mode, body }: { readonly mode: 'create' | 'update' | 'delete'; readonly body: Body | undefined },
): Promise<DryRun> => {
  const { context, request } = invocation;
  const { query: _query, ...rest } = request;
  return dryRun(context, { ...rest, query: [], queryText: '', interaction: mode, body }, snapshot);
};

const remark = (diagnostics: string): IssueDetail => ({
  code: 'nothing-wrong',
  severity: 'information',
  diagnostics,
});

// — the targets of references

/** Stored resources as the caller may read them; each counts as read. */
function lookUpFor({ invocation, snapshot, seen }: ValidationRequest): LookUp {
  const { context, request } = invocation;
  return async (references) => {
    const found = new Map<string, Resource>();
    for (const reference of references) {
      const version = await readTarget(context, request, snapshot, reference);
      if (version?.text === undefined) continue;
      seen.push(seenOf(context, version, version.text));
      const text = showText(version, request.caller);
      found.set(reference, parseStored(text));
    }
    return found;
  };
}

async function readTarget(
  context: OperationContext,
  { caller }: Request,
  snapshot: Snapshot,
  reference: string,
) {
  const parsed = parseReference(relativeTo(context.settings.publicBase, reference));
  if (parsed?.kind !== 'local' || parsed.version !== undefined) return undefined;
  const declared = RESOURCE_TYPES.get(parsed.type);
  if (declared === undefined || declared.renderedFromAudit === true) return undefined;
  const sight = sightForType(caller, parsed.type);
  return sight === undefined ? undefined : snapshot.read(parsed.ref, sight);
}

// — the OperationOutcome

function tell(details: readonly IssueDetail[]): Resource {
  const clean = details.every(({ severity = 'error' }) => severity === 'information');
  const said = details.some(({ code }) => code === 'nothing-wrong');
  const all =
    clean && !said
      ? [remark('Nothing is wrong with it, as far as it is checked here.'), ...details]
      : details;
  return buildOutcome(all.toSorted(bySeverity)) as unknown as Resource; // an outcome is a resource
}

const SEVERITIES: readonly string[] = ['fatal', 'error', 'warning', 'information'];

/** Findings that forbid the write stand first. */
const bySeverity = (one: IssueDetail, other: IssueDetail): number =>
  SEVERITIES.indexOf(one.severity ?? 'error') - SEVERITIES.indexOf(other.severity ?? 'error');
