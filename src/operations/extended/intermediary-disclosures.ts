/**
 * `Patient/[id]/$intermediary-disclosures` (42 CFR 2.24; compliance P17): to which entities an intermediary disclosed a
 * patient's records in the three years before the request, when, and what in brief. The answer is due within 30 days.
 */
import { yearsAfter } from '../../fhir/datetime.ts';
import type { Ref } from '../../fhir/types.ts';
import { localRefOf, typeOf } from '../../resources/element.ts';
import { resourceOf } from '../../ports/stored-resource.ts';
import { readPartyName } from '../../resources/parties/party-names.ts';
import { EVERYTHING } from '../../ports/query.ts';
import type { Snapshot } from '../../ports/store.ts';
import { askedIn } from '../audit/asked.ts';
import { scanAudit } from '../audit/scan.ts';
import { lineParts, reportLine, reportingOrganization } from './information-blocking-report.ts';
import type { Invocation, Operation, OperationReply } from './operation.ts';
import { parametersOf } from './output.ts';
import { readPresent } from '../read-present.ts';

export const intermediaryDisclosures: Operation = {
  name: 'intermediary-disclosures',
  title: 'To whom an intermediary disclosed a patient’s records',
  description:
    'For an intermediary that a patient asks in writing (42 CFR 2.24): the name of each entity to which it disclosed the patient’s records in the last three years, with the date and a brief description. It needs the scope closeloop/compliance. Answer the patient within 30 days.',
  levels: ['instance'],
  resource: ['Patient'],
  affectsState: false,
  needs: 'read',
  parameters: [
    {
      name: 'disclosure',
      use: 'out',
      min: 0,
      max: '*',
      documentation: 'A line: date, entity, name, what.',
      part: lineParts('date', 'entity', 'name', 'what'),
    },
  ],
  perform,
};

const YEARS = 3;

async function perform({ context, request, sight }: Invocation): Promise<OperationReply> {
  const keeper = reportingOrganization(request);
  const snapshot = context.store.snapshot();
  const patient: Ref = `Patient/${request.id ?? ''}`;
  const version = await readPresent(snapshot, patient, sight);
  const to = context.clock.now();
  const from = yearsAfter(to, -YEARS);
  const told = new Map<
    string,
    { readonly date: string; readonly entity: string; readonly what: Set<string> }
  >();
  const scan = { viewer: keeper, names: [patient], from, to };
  for await (const row of scanAudit(snapshot, scan, request.signal))
    for (const { counterparty, what, exception } of askedIn(row, keeper)) {
      if (exception !== undefined) continue;
      const date = row.at.slice(0, 10);
      const line = told.get(`${date} ${counterparty}`) ?? { date, entity: counterparty, what: new Set() };
      line.what.add(typeOf(localRefOf(what) ?? what));
      told.set(`${date} ${counterparty}`, line);
    }
  const lines = [];
  for (const { date, entity, what } of told.values())
    lines.push(
      reportLine('disclosure', {
        date,
        entity,
        name: await nameOf(snapshot, entity),
        what: [...what].toSorted().join(', '),
      }),
    );
  return {
    status: 200,
    resource: parametersOf(lines),
    about: [{ ref: patient, custodian: version.custodian }],
  };
}

/** @param organization of a row */
const nameOf = (snapshot: Snapshot, organization: string): Promise<string> =>
  readPartyName(organization as Ref, async (ref) => resourceOf(await snapshot.read(ref, EVERYTHING)));
