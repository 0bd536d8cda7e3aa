/**
 * patch (http://hl7.org/fhir/R4/http.html#patch), by id or by condition: JSON Patch (RFC 6902), or FHIRPath Patch, which is
 * a Parameters resource (http://hl7.org/fhir/R4/fhirpatch.html).
 */
import jsonPatch, { type Operation } from 'fast-json-patch';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Body } from '../../fhir/body.ts';
import { bodyOf, parseJsonValue } from '../../fhir/json.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { loadFhirPath } from '../../resources/fhirpath.ts';
import { patchByFhirPath, PATCH_OPERATIONS_MAX } from '../../resources/patch/apply.ts';
import { selectToWrite } from '../condition.ts';
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
  const tree = parseJsonValue(current.version.text);
  const patched =
    request.body === undefined ? patchTree(tree, request.patch) : await patchByParameters(tree, request.body);
  if (patched?.resourceType !== request.type || patched.id !== resource.id) {
    throw new OperationOutcomeError('patch-invalid', {
      diagnostics: 'a patch may not change resourceType or id',
    });
  }
  plan(draft, { ...unchanged, after: bodyOf(patched) });
  return { kind: 'planned', ref, status: 200 };
}

async function findTarget(draft: Draft, { type, id, condition }: WriteRequest): Promise<Ref | undefined> {
  return id === undefined ? selectToWrite(draft, type, condition ?? '') : `${type}/${id}`;
}

/** The storing tree after all operations of a FHIRPath Patch; the tree given is changed. */
async function patchByParameters(tree: unknown, { storing }: Body): Promise<Resource> {
  if (storing.resourceType !== 'Parameters') {
    throw new OperationOutcomeError('resource-type-mismatch', {
      diagnostics: 'a FHIRPath Patch is a Parameters resource',
      expression: [storing.resourceType],
    });
  }
  const { parameter: operations = [] } = storing;
  if (!Array.isArray(operations) || operations.length > PATCH_OPERATIONS_MAX) {
    throw new OperationOutcomeError('patch-invalid', {
      diagnostics: `a FHIRPath Patch is a list of at most ${PATCH_OPERATIONS_MAX} operations`,
      expression: ['Parameters.parameter'],
    });
  }
  const patched = patchByFhirPath(tree as Resource, operations, await loadFhirPath()); // a stored text
  if ('tree' in patched) return patched.tree;
  const { index, says } = patched.wrong;
  throw new OperationOutcomeError('patch-invalid', {
    diagnostics: `operation ${index} cannot be applied: ${says}`,
    expression: [`Parameters.parameter[${index}]`],
  });
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
