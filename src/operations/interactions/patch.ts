/**
 * patch (http://hl7.org/fhir/R4/http.html#patch), by id or by condition: JSON Patch (RFC 6902), or FHIRPath Patch, which is
 * a Parameters resource (http://hl7.org/fhir/R4/fhirpatch.html).
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Body } from '../../fhir/body.ts';
import { bodyOf, parseJsonValue } from '../../fhir/json.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { loadFhirPath } from '../../resources/fhirpath.ts';
import { patchByFhirPath, PATCH_OPERATIONS_MAX } from '../../resources/patch/apply.ts';
import type { Meter } from '../../resources/patch/meter.ts';
import { PatchFault } from '../../resources/patch/read.ts';
import { selectToWrite } from '../write/condition.ts';
import { checkMayChange } from '../write/custody.ts';
import { declarationOf, meterFor, plan, type Draft, type Planned } from '../write/draft.ts';
import { patchByPointers } from '../write/json-patch.ts';
import { patchedPart } from '../write/masked.ts';
import { checkIfMatch, type WriteResult, type WriteRequest } from './write.ts';
import { checkScopeBefore } from '../write/scoped.ts';
import { readCurrent } from '../write/preview.ts';

export async function planPatch(draft: Draft, request: WriteRequest): Promise<WriteResult> {
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
    origin: 'client',
    parties: [],
  };
  checkScopeBefore(draft, unchanged);
  checkMayChange(draft, unchanged);
  const { show, secrets = [] } = declarationOf(ref);
  refuseSecrets(request, secrets);
  // Whoever patches sees what the custodian sees: nothing can be learned of a secret by trying patches on it.
  const stored = parseJsonValue(current.version.text) as Resource; // stored texts were validated
  const whole = secrets.length === 0 ? stored : (show?.(stored, true) ?? stored);
  const { tree, restore } = patchedPart(draft, version, whole);
  const meter = meterFor(draft, current.version.text);
  const patched = (
    request.body === undefined
      ? patchByPointers(tree, request.patch, meter)
      : await patchByParameters(tree, request.body, meter)
  ) as Resource | null; // or whatever a JSON Patch has made of it
  if (patched?.resourceType !== request.type || patched.id !== resource.id) {
    throw new OperationOutcomeError('patch-invalid', {
      diagnostics: 'a patch may not change resourceType or id',
    });
  }
  checkResult(meter, patched);
  plan(draft, { ...unchanged, after: bodyOf(restore(patched)) });
  return { kind: 'planned', ref, status: 200 };
}

/** Operations of a JSON Patch that would compare, copy or move what is masked. */
const MOVES: ReadonlySet<unknown> = new Set(['test', 'copy', 'move']);

/** A masked value is given anew or left where it is. @throws OperationOutcomeError `patch-invalid` */
function refuseSecrets({ patch, body }: WriteRequest, secrets: readonly string[]): void {
  if (secrets.length === 0) return;
  const faulty =
    body === undefined
      ? (Array.isArray(patch) ? patch : []).findIndex((operation) => movesSecret(operation, secrets))
      : operationsOf(body.plain).findIndex((operation) => movesSecretPath(operation, secrets));
  if (faulty === -1) return;
  throw new OperationOutcomeError('patch-invalid', {
    diagnostics: `operation ${faulty} tests, copies or moves ${secrets.join(', ')}, whose values are secret: give them anew`,
  });
}

function movesSecret(operation: unknown, secrets: readonly string[]): boolean {
  const { op, path, from } = (operation ?? {}) as { readonly [name: string]: unknown }; // whatever it is
  if (!MOVES.has(op)) return false;
  return [path, from].some((pointer) => {
    const at = typeof pointer === 'string' ? pointer.split('/').slice(1) : undefined;
    return at !== undefined && secrets.some((secret) => overlap(at, secret.split('.')));
  });
}

/** Whether one path leads to the other, or is it. */
const overlap = (one: readonly string[], other: readonly string[]): boolean =>
  one.slice(0, other.length).every((step, index) => step === other[index]);

function operationsOf(body: Resource): readonly unknown[] {
  const { parameter } = body as { readonly parameter?: unknown };
  return Array.isArray(parameter) ? parameter : [];
}

/** A FHIRPath Patch moves within one list, which its path names. */
function movesSecretPath(operation: unknown, secrets: readonly string[]): boolean {
  const { part } = (operation ?? {}) as { readonly part?: unknown };
  const parts: readonly Record<string, unknown>[] = Array.isArray(part) ? part : [];
  const named = (name: string) => parts.find((one) => one['name'] === name) ?? {};
  if (Object.values(named('type')).every((value) => value !== 'move')) return false;
  const path = Object.values(named('path')).join(' ');
  return secrets.some((secret) => path.includes(secret.slice(secret.lastIndexOf('.') + 1)));
}

/** @throws OperationOutcomeError `patch-invalid` when the resource has become too large or too deep */
export function checkResult(meter: Meter, patched: unknown): void {
  try {
    meter.finish(patched);
  } catch (error) {
    if (!(error instanceof PatchFault)) throw error;
    throw new OperationOutcomeError('patch-invalid', { diagnostics: error.message });
  }
}

async function findTarget(draft: Draft, { type, id, condition }: WriteRequest): Promise<Ref | undefined> {
  return id === undefined ? selectToWrite(draft, type, condition ?? '') : `${type}/${id}`;
}

/** The storing tree after all operations of a FHIRPath Patch; the tree given is changed. */
async function patchByParameters(tree: unknown, { storing }: Body, meter: Meter): Promise<Resource> {
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
  // A stored text.
  const patched = patchByFhirPath(tree as Resource, operations, await loadFhirPath(), meter);
  if ('tree' in patched) return patched.tree;
  const { index, says } = patched.wrong;
  throw new OperationOutcomeError('patch-invalid', {
    diagnostics: `operation ${index} cannot be applied: ${says}`,
    expression: [`Parameters.parameter[${index}]`],
  });
}
