/** What the recipient would be told differently from what is sent: with the notice of 42 CFR 2.32, or less of it. */
import { createFindNotice } from '../../../delivery/notice.ts';
import { present } from '../../../delivery/subject.ts';
import type { Ref } from '../../../fhir/types.ts';
import { payloadTypes } from '../../../policies/payload/index.ts';
import { EVERYTHING } from '../../../ports/query.ts';
import type { OperationContext } from '../../context.ts';
import type { DryRun } from '../../write/dry-run.ts';

const WITH_NOTICE = 'The notice of 42 CFR 2.32 will be attached.';

/** @param parties who would tell whom */
export async function warningsOfContent(
  { store, clock, settings, payloads }: Pick<OperationContext, 'store' | 'clock' | 'settings' | 'payloads'>,
  { written, told }: DryRun,
  { from, to }: { readonly from: Ref; readonly to: Ref },
): Promise<readonly string[]> {
  if (from === to) return [];
  const { payload } = await payloads.of(to);
  const findNotice = createFindNotice(store.snapshot(), {
    to,
    purpose: told[0]?.purpose ?? 'TREAT',
    sight: EVERYTHING,
    at: clock.now(),
    partyKindDefault: settings.partyKindDefault,
    present,
  });
  const warnings: string[] = [];
  for (const resource of written) {
    const ref: Ref = `${resource.resourceType}/${resource.id ?? ''}`;
    const notice = await findNotice({ ref, text: JSON.stringify(resource), custodian: from });
    if (typeof notice === 'object') warnings.push(WITH_NOTICE);
  }
  const shown = payload === undefined ? [] : payloadTypes(payload, 'referral');
  if (written.some(({ resourceType }) => shown.includes(resourceType)))
    warnings.push(`It will be trimmed to the row ${payload} of the payload table.`);
  return [...new Set(warnings)];
}
