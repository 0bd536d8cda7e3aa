/**
 * The resources to which a patient's record refers without containing them
 * (http://hl7.org/fhir/R4/patient-operation-everything.html: "linked practitioners, medications, locations,
 * organizations", "including binaries and attachments"), in the caller's sight.
 */
import { walkReferences } from '../../fhir/reference.ts';
import type { Ref } from '../../fhir/types.ts';
import type { Match } from '../../ports/query.ts';
import type { Snapshot } from '../../ports/store.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { ownRefOf, typeOf } from '../../resources/element.ts';
import { RESOURCE_TYPES } from '../../resources/index.ts';
import { roleViewOf, type Request } from '../request.ts';
import type { OperationContext } from '../context.ts';
import { isFileShown } from '../binary-shown.ts';
import { sightOfNamed } from '../scope.ts';
import { showText } from '../show.ts';

/** The number of rounds of references: a PractitionerRole refers to its Organization, which may be part of another. */
const ROUNDS_MAX = 3;

/** @param wanted types that are wanted; undefined: all. At most `includesMax`, and `answerBytesMax` characters; `cut`: there is more. */
export async function findSupporting(
  context: OperationContext,
  request: Request,
  snapshot: Snapshot,
  patient: Ref,
  matches: readonly Match[],
  wanted: ReadonlySet<string> | undefined,
): Promise<{ readonly included: readonly Match[]; readonly cut: boolean }> {
  const known = new Set<Ref>(matches.map(({ ref }) => ref));
  const included: Match[] = [];
  let characters = context.settings.answerBytesMax;
  let sources = matches;
  for (let round = 0; round < ROUNDS_MAX && sources.length > 0; round += 1) {
    const next: Match[] = [];
    for (const ref of referredBy(context, request, sources)) {
      if (known.has(ref)) continue;
      known.add(ref);
      const found = await readSupporting(context, request, snapshot, patient, ref);
      if (found === undefined) continue;
      characters -= found.text.length;
      if (included.length + next.length === context.settings.includesMax || characters < 0)
        return { included: [...included, ...next].filter(isWanted), cut: true };
      next.push(found);
    }
    included.push(...next);
    sources = next;
  }
  return { included: included.filter(isWanted), cut: false };

  function isWanted({ ref }: Match): boolean {
    return wanted?.has(typeOf(ref)) !== false;
  }
}

/** References of what the caller is shown of the sources: what is left out of them is not followed either. */
function referredBy(
  { settings }: OperationContext,
  { caller }: Request,
  sources: readonly Match[],
): ReadonlySet<Ref> {
  const refs = new Set<Ref>();
  for (const source of sources) {
    const isWhole = caller.payload === undefined && roleViewOf(caller) === undefined;
    const text = isWhole ? source.text : showText(source, caller);
    walkReferences(parseStored(text), ({ text: reference }) => {
      const ref = ownRefOf(settings.publicBase, reference);
      if (ref !== undefined && isSupporting(typeOf(ref))) refs.add(ref);
    });
  }
  return refs;
}

const isSupporting = (type: string): boolean => {
  const declared = RESOURCE_TYPES.get(type);
  return declared !== undefined && declared.renderedFromAudit !== true;
};

/** Whether a resource is in neither this patient's compartment, where it is a match itself, nor another patient's. */
async function readSupporting(
  context: OperationContext,
  { caller }: Request,
  snapshot: Snapshot,
  patient: Ref,
  ref: Ref,
): Promise<Match | undefined> {
  const sight = ref === patient ? undefined : sightOfNamed(caller, typeOf(ref));
  const version = sight === undefined ? undefined : await snapshot.read(ref, sight);
  if (version?.text === undefined) return undefined;
  const { seq, text, custodian } = version;
  if (!(await isFileShown(snapshot, caller, version, context.settings.publicBase))) return undefined;
  return context.patientsOf(ref, seq, text).length > 0 ? undefined : { ref, seq, text, custodian };
}
