/**
 * Law of the states that asks for consent where federal law does not (compliance S7). The table is empty as shipped, because
 * it differs by state: whoever runs the server fills it, and a row cites its statute. The sender's state decides, and the
 * recipient's as well where it has a row.
 */
import { bears, permitsAt } from '../consent/permit.ts';
import { permitTelling, type ContentGuard } from './guard.ts';

export interface StateRow {
  /** As in `Organization.address.state`. */
  readonly state: string;
  /** A code of ActCode. */
  readonly label: string;
  readonly statute: string;
}

export const STATE_ROWS: readonly StateRow[] = [];

/** The states of a discloser and a recipient; an unknown one counts as each state of the table. */
type States = readonly (string | undefined)[];

/** The guard of a table. */
export const guardOfStates = (rows: readonly StateRow[], states: States = [undefined]): ContentGuard => ({
  name: 'state-rows',
  law: 'the statutes of the table of states',
  need: 'authorization',
  quiet: false,
  lasting: false,
  guards: ({ facts }) => rows.some((row) => applies(row, states) && facts.labels.has(row.label)),
  isPermitted: (telling, permits, at) =>
    telling.basis === 'individual' ||
    rows
      .filter((row) => applies(row, states) && telling.facts.labels.has(row.label))
      .every(({ label }) =>
        permits.some(
          (permit) =>
            permit.kind === 'hipaa-auth' &&
            permitsAt(permit, permitTelling(telling), at) &&
            (permit.labels?.some((one) => bears(new Set([label]), one)) ?? true),
        ),
      ),
});

const applies = ({ state }: StateRow, states: States): boolean =>
  states.some((one) => one === undefined || one === state);
