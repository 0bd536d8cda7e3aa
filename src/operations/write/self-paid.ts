/**
 * What a patient paid for in full bears the label HIPAASelfPay (compliance R3; 45 CFR 164.522(a)(1)(vi)): the items that an
 * active Consent names, where the same organization keeps them, in the commit of the Consent.
 */
import type { Coding, Ref, Resource } from '../../fhir/types.ts';
import { kindOf } from '../../policies/consent/kinds.ts';
import { selfPayByConsent } from '../../policies/labels/label.ts';
import { isSameLabel } from '../../policies/labels/lowered.ts';
import { EVERYTHING } from '../../ports/query.ts';
import { localRef, typeOf, valuesAt } from '../../resources/element.ts';
import { plan, planStored, replan, type Draft, type Planned } from './draft.ts';

export async function labelSelfPaid(draft: Draft): Promise<void> {
  for (const planned of draft.planned.values()) {
    if (typeOf(planned.ref) !== 'Consent' || planned.origin === 'server') continue;
    for (const item of itemsOf(planned)) await labelItem(draft, item, planned.custodian);
  }
}

function itemsOf({ after }: Planned): readonly Ref[] {
  const consent = after?.plain;
  if (consent?.['status'] !== 'active' || kindOf(consent) !== 'hipaa-self-pay') return [];
  return valuesAt(consent, 'provision.data').flatMap((one) => {
    const { meaning, reference } = one as { readonly meaning?: string; readonly reference?: unknown };
    return meaning === 'instance' ? (localRef(reference) ?? []) : [];
  });
}

async function labelItem(draft: Draft, item: Ref, custodian: Ref | ''): Promise<void> {
  const own = draft.planned.get(item);
  if (own !== undefined) {
    if (own.after !== undefined && own.custodian === custodian) replan(draft, item, labelled);
    return;
  }
  const version = await draft.snapshot.read(item, EVERYTHING);
  if (version?.text === undefined || version.custodian !== custodian) return;
  const stored = planStored(version, labelled);
  if (!isLabelled(stored.before?.meta?.security ?? [])) plan(draft, stored);
}

const isLabelled = (labels: readonly Coding[]): boolean =>
  labels.some((one) => isSameLabel(one, selfPayByConsent));

function labelled(item: Resource): Resource {
  const labels = item.meta?.security ?? [];
  return isLabelled(labels)
    ? item
    : { ...item, meta: { ...item.meta, security: [...labels, selfPayByConsent] } };
}
