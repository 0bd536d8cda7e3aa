/** update (http://hl7.org/fhir/R4/http.html#update), by id or by condition. */
import { mapBody, type Body } from '../../fhir/body.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import { selectToWrite } from '../condition.ts';
import { EVERYTHING, plan, type Draft } from '../draft.ts';
import { planCreate } from './create.ts';
import { bodyOfType, checkIfMatch, readCurrent, type Answer, type WriteRequest } from './write.ts';

export async function planUpdate(draft: Draft, request: WriteRequest): Promise<Answer> {
  const body = bodyOfType(request);
  return request.id === undefined
    ? updateByCondition(draft, request, body)
    : updateById(draft, request, request.id, body);
}

async function updateById(draft: Draft, request: WriteRequest, id: string, body: Body): Promise<Answer> {
  if (body.plain.id !== id) {
    throw new OperationOutcomeError('id-mismatch', {
      diagnostics: `the body has ${body.plain.id === undefined ? 'no id' : 'another id'}`,
      expression: [`${request.type}.id`],
    });
  }
  const ref: Ref = `${request.type}/${id}`;
  const current = await readCurrent(draft, ref);
  checkIfMatch(request.ifMatch, current?.version);
  if (current === undefined) return updateAsCreate(draft, ref, body);
  if (request.ifNoneMatch?.some((version) => version === '*' || version === String(current.version.seq))) {
    throw new OperationOutcomeError('version-conflict', {
      diagnostics: 'If-None-Match: this version is the current one',
    });
  }
  const { version, resource } = current;
  plan(draft, {
    ref,
    method: 'PUT',
    base: version.seq,
    before: resource,
    after: body,
    custodian: version.custodian,
    byRule: false,
    parties: [],
  });
  return { kind: 'planned', ref, status: 200 };
}

/**
 * An id that nobody may have used: only with the setting, or by an administrator. An invisible id is answered exactly
 * as an unused one, so it can never be written this way (rules 2.7).
 */
async function updateAsCreate(draft: Draft, ref: Ref, body: Body): Promise<Answer> {
  const { caller, room, snapshot } = draft;
  if (room.packaged(ref) !== undefined) {
    throw new OperationOutcomeError('interaction-unsupported', {
      diagnostics: `${ref} comes with this server`,
    });
  }
  const tombstone = await snapshot.read(ref, draft.sight);
  const allowed =
    caller.administrator || room.settings.putToUnusedId === 'everyone' || tombstone !== undefined;
  if (!allowed || (await isTaken(draft, ref))) {
    throw new OperationOutcomeError('not-found', { diagnostics: `${ref} is not here; create it with POST` });
  }
  plan(draft, {
    ref,
    method: 'PUT',
    base: 0,
    before: undefined,
    after: body,
    custodian: tombstone?.custodian ?? '',
    ...(tombstone !== undefined && { returns: true }),
    byRule: false,
    parties: [],
  });
  return { kind: 'planned', ref, status: 201 };
}

async function isTaken({ snapshot, sight }: Draft, ref: Ref): Promise<boolean> {
  if (sight.everything) return false;
  const [any, mine] = [await snapshot.read(ref, EVERYTHING), await snapshot.read(ref, sight)];
  return any !== undefined && mine === undefined;
}

/** No match: create (with the body's id if it has one); one match: update that; several are refused. */
async function updateByCondition(draft: Draft, request: WriteRequest, body: Body): Promise<Answer> {
  const ref = await selectToWrite(draft, request.type, request.condition ?? '');
  const given = body.plain.id;
  if (ref === undefined) {
    return given === undefined
      ? planCreate(draft, { ...request, ifNoneExist: undefined })
      : updateById(draft, request, given, body);
  }
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
