/** update (http://hl7.org/fhir/R4/http.html#update), by id or by condition. */
import { EVERYTHING } from '../../ports/query.ts';
import { mapBody, type Body } from '../../fhir/body.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import { selectToWrite } from '../write/condition.ts';
import { idOf } from '../../resources/element.ts';
import { plan, type Draft } from '../write/draft.ts';
import { isMasked } from '../show.ts';
import { planCreate } from './create.ts';
import { checkIfMatch, type WriteResult, type WriteRequest, type BodiedRequest } from './write.ts';
import { readCurrent } from '../write/preview.ts';

export async function planUpdate(draft: Draft, request: BodiedRequest): Promise<WriteResult> {
  const { body } = request;
  return request.id === undefined
    ? updateByCondition(draft, request, body)
    : updateById(draft, request, request.id, body);
}

async function updateById(draft: Draft, request: WriteRequest, id: string, body: Body): Promise<WriteResult> {
  if (body.plain.id !== id) {
    throw new OperationOutcomeError('id-mismatch', {
      diagnostics: `the body has ${body.plain.id === undefined ? 'no id' : 'another id'}`,
      expression: [`${request.type}.id`],
    });
  }
  const ref: Ref = `${request.type}/${id}`;
  const current = await readCurrent(draft, ref);
  if (request.ifMatch !== undefined) checkIfMatch(request.ifMatch, current?.version);
  if (current === undefined) return updateAsCreate(draft, ref, body);
  if (request.ifNoneMatch?.some((version) => version === '*' || version === String(current.version.seq))) {
    throw new OperationOutcomeError('version-conflict', {
      diagnostics: 'If-None-Match: this version is the current one',
    });
  }
  const { version, resource } = current;
  // An update replaces the whole, which its writer does not know.
  if (isMasked(version, draft.caller)) throw new OperationOutcomeError('masked-write');
  plan(draft, {
    ref,
    method: 'PUT',
    base: version.seq,
    before: resource,
    after: body,
    custodian: version.custodian,
    origin: 'client',
    parties: [],
  });
  return { kind: 'planned', ref, status: 200 };
}

/**
 * An id that nobody may have used: by an administrator, or with the setting within the caller's own range. An id outside
 * of it is refused whether it is used or not, so that the answer tells nobody what it may not see (rules 2.7).
 */
async function updateAsCreate(draft: Draft, ref: Ref, body: Body): Promise<WriteResult> {
  if (draft.context.packaged(ref) !== undefined) {
    throw new OperationOutcomeError('interaction-unsupported', {
      diagnostics: `${ref} comes with this server`,
    });
  }
  const tombstone = await draft.snapshot.read(ref, draft.sight);
  if (tombstone === undefined && (!mayChooseId(draft, ref) || (await isTaken(draft, ref)))) {
    throw new OperationOutcomeError('not-found', { diagnostics: `${ref} is not here; ${otherwise(draft)}` });
  }
  plan(draft, {
    ref,
    method: 'PUT',
    base: 0,
    before: undefined,
    after: body,
    custodian: tombstone?.custodian ?? '',
    ...(tombstone !== undefined && { returns: true }),
    origin: 'client',
    parties: [],
  });
  return { kind: 'planned', ref, status: 201 };
}

/**
 * Whether the caller may name what is new: the last dot of an id parts the organization from what it chose. A token for
 * one patient does not see all that its organization has named, and so names nothing.
 */
function mayChooseId({ caller, context, sight }: Draft, ref: Ref): boolean {
  if (caller.administrator) return true;
  if (context.settings.putToUnusedId !== 'everyone' || sight.everything || sight.patient !== undefined)
    return false;
  const id = idOf(ref);
  return id.slice(0, Math.max(0, id.lastIndexOf('.'))) === idOf(sight.organization);
}

/** What can be done instead: the same words for every id. */
const otherwise = ({ caller, context }: Draft): string =>
  context.settings.putToUnusedId === 'everyone' && caller.organization !== undefined
    ? `create it with POST, or choose an id as in ${idOf(caller.organization)}.1`
    : 'create it with POST';

/** An administrator may have named something in another's range. */
async function isTaken({ snapshot, sight }: Draft, ref: Ref): Promise<boolean> {
  return !sight.everything && (await snapshot.read(ref, EVERYTHING)) !== undefined;
}

/**
 * Nothing matches: a create, by the body's id if it has one. What bears that id already is not what the condition meant,
 * and is never written.
 */
async function updateUnmatched(draft: Draft, request: BodiedRequest, body: Body): Promise<WriteResult> {
  checkIfMatch(request.ifMatch, undefined);
  const { id } = body.plain;
  if (id === undefined) return planCreate(draft, { ...request, ifNoneExist: undefined });
  const ref: Ref = `${request.type}/${id}`;
  if (draft.planned.get(ref)?.after === undefined && (await readCurrent(draft, ref)) === undefined)
    return updateById(draft, request, id, body);
  throw new OperationOutcomeError('duplicate', {
    diagnostics: `the condition selects nothing, and ${ref} is there already`,
    expression: [`${request.type}.id`],
  });
}

/**
 * The outcomes of http://hl7.org/fhir/R4/http.html#cond-update: no match, with an id in the body or without; one match,
 * with its own id or none, or with another's; several.
 */
async function updateByCondition(draft: Draft, request: BodiedRequest, body: Body): Promise<WriteResult> {
  const ref = await selectToWrite(draft, request.type, request.condition ?? '');
  const given = body.plain.id;
  if (ref === undefined) return updateUnmatched(draft, request, body);
  const id = ref.slice(request.type.length + 1);
  if (given !== undefined && given !== id) {
    throw new OperationOutcomeError('id-mismatch', {
      diagnostics: 'the condition selects a resource of another id',
    });
  }
  return updateById(
    draft,
    request,
    id,
    mapBody(body, (tree) => ({ ...tree, id })),
  );
}
