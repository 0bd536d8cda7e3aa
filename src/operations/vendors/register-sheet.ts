/** `vendors.csv` of an audit package (audit-compliance AU15): the register as of the end of the package's period. */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { PartyKindDefault } from '../../policies/party-kind.ts';
import type { PackageQuery } from '../../ports/audit-packages.ts';
import type { Store } from '../../ports/store.ts';
import { registerCsv } from './register-csv.ts';
import { readRegister } from './register.ts';

/** A table of a package that is not read from its rows. */
export interface RegisterSheet {
  readonly name: 'vendors.csv';
  /** What the README says of it. */
  readonly says: string;
  readonly text: string;
  readonly rows: number;
}

interface SheetSource {
  readonly store: Pick<Store, 'snapshot'>;
  /** Milliseconds since 1970: a period that has not ended is told as of now. */
  readonly now: number;
  readonly partyKindDefault: PartyKindDefault;
}

/** Where there is no register in it, the sheet has its columns alone, and the README says why. */
export async function readRegisterSheet(
  { store, now, partyKindDefault }: SheetSource,
  { organization, to, patient, referral }: PackageQuery,
  signal: AbortSignal,
): Promise<RegisterSheet> {
  const at = Math.min(to, now);
  const without = (why: string): RegisterSheet =>
    sheetOf(`The vendor register: its columns alone, ${why}.`, [], at);
  if (patient !== undefined || referral !== undefined)
    return without('since this package is about one patient or referral');
  try {
    const lines = await readRegister(store, { organization, at, partyKindDefault }, signal);
    const says = `The vendor register as of ${new Date(at).toISOString()}: who worked for the organization, under which agreement, at which risk.`;
    return sheetOf(says, lines, at);
  } catch (error) {
    if (!(error instanceof OperationOutcomeError && error.code === 'search-too-costly')) throw error;
    return without('since there is more of the year than one answer looks at; ask $vendor-register by asOf');
  }
}

const sheetOf = (says: string, lines: Parameters<typeof registerCsv>[0], at: number): RegisterSheet => ({
  name: 'vendors.csv',
  says,
  text: registerCsv(lines, at),
  rows: lines.length,
});
