/**
 * Running referrals brought in by an administrator (rules 1.16): a transaction of an administrator who acts for nobody and
 * creates referral Tasks, or the command `admin import`. It adds what was elsewhere, in the state that it has there; it
 * moves nothing, tells nobody, and leaves as it is what is here already.
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { isReferralTask } from '../../referral/state.ts';
import { localRef, typeOf } from '../../resources/element.ts';
import { PAST_STEP } from '../../resources/past-step.ts';
import { declarationOf, keepVersion, placesIn, replan } from './draft.ts';
import type { Draft, Planned } from './draft.ts';
import { readPreview } from './preview.ts';

/** In `meta` of each clinical resource of an import: whose record it is. Taken off before the resource is stored. */
export const CUSTODIAN_URL = 'https://closeloop.dev/fhir/StructureDefinition/custodian';

interface Extension {
  readonly url?: string;
  readonly valueReference?: unknown;
}

/** Whether a draft brings in referrals that run already. */
function isImport({ importing, interaction, caller, planned }: Draft): boolean {
  if (!caller.administrator || caller.organization !== undefined) return false;
  if (importing) return true;
  return interaction === 'transaction' && [...planned.values()].some(createsReferral);
}

const createsReferral = ({ before, after }: Planned): boolean =>
  before === undefined && after?.plain.resourceType === 'Task' && isReferralTask(after.plain);

/**
 * Names the custodian of each clinical resource of an import, and who recorded its past steps.
 *
 * @throws OperationOutcomeError `field-missing` where a resource does not say whose record it is; `reference-not-found`
 *   where that is not an Organization here
 */
export async function admitImport(draft: Draft): Promise<void> {
  if (!isImport(draft)) return;
  draft.importing = true;
  const written = [...draft.planned.values()]; // some of it is taken out
  for (const planned of written) {
    if (!isClinical(planned)) continue;
    if (planned.before !== undefined) leaveAsItIs(draft, planned);
    else await admitOne(draft, planned);
  }
}

/** Neither the directory, nor what is published, nor what stands for one organization. */
function isClinical({ ref }: Planned): boolean {
  const { directory, belongsTo } = declarationOf(ref);
  return directory !== true && belongsTo === undefined;
}

/** An import adds. What it brought before may have moved on since. */
function leaveAsItIs(draft: Draft, { ref, base }: Planned): void {
  draft.planned.delete(ref);
  keepVersion(draft, ref, base);
  draft.unchanged.set(ref, base);
}

async function admitOne(draft: Draft, planned: Planned): Promise<void> {
  const { ref, after } = planned;
  if (after === undefined) return;
  const custodian = custodianIn(after.plain);
  if (custodian === undefined) throw unnamed(planned);
  if ((await readPreview(draft, custodian))?.resourceType !== 'Organization') {
    throw new OperationOutcomeError('reference-not-found', {
      diagnostics: `${custodian} is not an Organization here`,
      expression: placesIn(planned, [`${typeOf(ref)}.meta.extension`]),
    });
  }
  replan(draft, ref, (tree) => recordedNow(draft, withoutCustodian(tree)));
  const replanned = draft.planned.get(ref);
  if (replanned !== undefined) draft.planned.set(ref, { ...replanned, custodian });
}

const extensionsOf = ({ meta }: Resource): readonly Extension[] =>
  ((meta as { extension?: readonly Extension[] } | undefined)?.extension ?? []).filter(
    (one) => typeof one === 'object' && one !== null, // not validated yet
  );

function custodianIn(resource: Resource): Ref | undefined {
  const named = extensionsOf(resource).find(({ url }) => url === CUSTODIAN_URL);
  const ref = localRef(named?.valueReference);
  return ref?.startsWith('Organization/') === true ? ref : undefined;
}

function withoutCustodian(tree: Resource): Resource {
  const rest = extensionsOf(tree).filter(({ url }) => url !== CUSTODIAN_URL);
  if (rest.length === extensionsOf(tree).length) return tree;
  const { extension: _taken, ...meta } = { ...tree.meta } as Record<string, unknown>;
  const { meta: _meta, ...elements } = tree;
  const kept = rest.length > 0 ? { ...meta, extension: rest } : meta;
  return { ...elements, ...(Object.keys(kept).length > 0 && { meta: kept }) };
}

const unnamed = (planned: Planned): OperationOutcomeError =>
  new OperationOutcomeError('field-missing', {
    diagnostics: `An import says whose record each resource is, by the extension ${CUSTODIAN_URL} in meta.`,
    expression: placesIn(planned, [`${typeOf(planned.ref)}.meta.extension`]),
  });

/** A past step is recorded now, by the administrator, whatever the file says; when it happened is the file's word. */
function recordedNow({ now, caller }: Draft, tree: Resource): Resource {
  if (tree.resourceType !== 'Provenance' || tree['occurredDateTime'] === undefined) return tree;
  const activity = (tree['activity'] ?? {}) as { coding?: readonly object[] };
  const coding = [...(Array.isArray(activity.coding) ? activity.coding : []), PAST_STEP];
  const who = { identifier: { value: caller.subject }, display: 'Administrator' };
  const type = {
    coding: [
      { system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type', code: 'enterer' },
    ],
  };
  return { ...tree, recorded: now, activity: { ...activity, coding }, agent: [{ type, who }] };
}
