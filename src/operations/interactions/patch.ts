/** patch with JSON Patch, RFC 6902 (http://hl7.org/fhir/R4/http.html#patch), by id or by condition. */
import jsonPatch, { type Operation } from 'fast-json-patch';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import { bodyOf, parseJsonValue } from '../../fhir/json.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { selectOne } from '../condition.ts';
import { checkMayChange } from '../custody.ts';
import { plan, type Draft, type Planned } from '../draft.ts';
import { checkIfMatch, readCurrent, type Answer, type WriteRequest } from './write.ts';

/** Operations of one patch at most. */
const OPERATIONS_MAX = 1000;

export async function planPatch(draft: Draft, request: WriteRequest): Promise<Answer> {
  const ref = await findTarget(draft, request);
  const current = ref === undefined ? undefined : await readCurrent(draft, ref);
  if (ref === undefined || current?.version.text === undefined) {
    throw new OperationOutcomeError('not-found', { diagnostics: 'there is nothing to patch' });
  }
  const { version, resource } = current;
  checkIfMatch(request.ifMatch, version);
  const unchanged: Planned = {
    ref,
    method: 'PATCH',
    base: version.seq,
    before: resource,
    after: bodyOf(resource),
    custodian: version.custodian,
    byRule: false,
    parties: [],
  };
  checkMayChange(draft, unchanged);
  const patched = patchTree(parseJsonValue(current.version.text), request.patch);
  if (patched?.resourceType !== request.type || patched.id !== resource.id) {
    throw new OperationOutcomeError('patch-invalid', {
      diagnostics: 'a patch may not change resourceType or id',
    });
  }
  plan(draft, { ...unchanged, after: bodyOf(patched) });
  return { kind: 'planned', ref, status: 200 };
}

async function findTarget(draft: Draft, { type, id, condition }: WriteRequest): Promise<Ref | undefined> {
  return id === undefined ? selectOne(draft, type, condition ?? '') : `${type}/${id}`;
}

/** The storing tree after all operations, or a refusal that names the first that fails; the tree given is not changed. */
function patchTree(tree: unknown, patch: unknown): Resource | null {
  if (!Array.isArray(patch) || patch.length > OPERATIONS_MAX) {
    throw new OperationOutcomeError('patch-invalid', {
      diagnostics: `a JSON Patch is an array of at most ${OPERATIONS_MAX} operations`,
    });
  }
  let patched = tree;
  for (const [index, operation] of patch.entries()) patched = applyOne(patched, operation, index);
  return patched as Resource | null;
}

/** One by one, because the library tells the place of no operation but the first. */
function applyOne(tree: unknown, operation: unknown, index: number): unknown {
  try {
    // The library refuses whatever is no operation, and paths into a prototype.
    return jsonPatch.applyOperation(tree, operation as Operation, true, true, true).newDocument;
  } catch (error) {
    const { name } = error as Error; // the library throws no other
    const why = /^[A-Z_]+$/.test(name)
      ? name.toLowerCase().replaceAll('_', ' ')
      : 'its path may not be written to';
    throw new OperationOutcomeError('patch-invalid', {
      diagnostics: `operation ${index} cannot be applied: ${why}`,
      expression: [`[${index}]`],
    });
  }
}
