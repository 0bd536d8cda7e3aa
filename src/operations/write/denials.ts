/**
 * What a draft makes of the patients' denials and permits, in its own commit: those of the Consents that it writes, and
 * those whose actors stand for other organizations by what it writes of the directory.
 */
import { findDenial, foundByRow } from '../../delivery/denials.ts';
import { findGrant } from '../../delivery/permits.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { EVERYTHING } from '../../ports/query.ts';
import type { DenialWrite } from '../../ports/denial.ts';
import type { RecordWrite } from '../../ports/record.ts';
import { localRef, typeOf } from '../../resources/element.ts';
import { partyElementOf } from '../../resources/party.ts';
import type { RegisterRow } from '../../resources/parties/register.ts';
import { type Draft } from './draft.ts';
import { readPreview } from './preview.ts';
import { partyWorldIn } from './rule-context.ts';

export async function denialsIn(draft: Draft): Promise<readonly DenialWrite[]> {
  const planned = [...draft.planned.values()];
  const names = [
    ...planned.flatMap(({ ref, before, after }) => namesOf(ref, [before, after?.plain])),
    ...draft.records.flatMap(namesOfRecord),
  ];
  const written = planned.flatMap(({ ref }) => (typeOf(ref) === 'Consent' ? [ref] : []));
  const others = names.length === 0 ? [] : await draft.snapshot.denialsFoundBy(names);
  const denials: DenialWrite[] = [];
  for (const source of new Set([...written, ...others])) {
    const own = draft.planned.get(source);
    const custodian = own?.custodian ?? (await draft.snapshot.read(source, EVERYTHING))?.custodian ?? '';
    const consent = await readPreview(draft, source);
    const world = partyWorldIn(draft);
    const denial = await findDenial(consent, custodian, world);
    const grant = await findGrant(consent, source, custodian, world);
    const isNew = own !== undefined && own.base === 0;
    if (denial !== undefined || grant !== undefined || !isNew) denials.push({ source, denial, grant });
  }
  return denials;
}

/** By what a party may be found of which these are versions: itself, and the person whose role it is. */
export function namesOf(ref: Ref, versions: readonly (Resource | undefined)[]): readonly string[] {
  const type = typeOf(ref);
  if (partyElementOf(type) === undefined && type !== 'Practitioner') return [];
  return [ref, ...versions.flatMap((version) => localRef(version?.['practitioner']) ?? [])];
}

const REGISTERS: ReadonlySet<string> = new Set(['register', 'practitioner-register']);

/** By what a party may be found of which a record says something. */
export const namesOfRecord = ({ kind, body }: RecordWrite): readonly string[] =>
  REGISTERS.has(kind) && body !== undefined ? [foundByRow(kind, body as RegisterRow)] : []; // the register writes no other
