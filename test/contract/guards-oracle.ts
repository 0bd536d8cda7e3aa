/** What guards withhold, told plainly by the law and without the code of the policies or of the store. */
import { array, constantFrom, nat, option, record, uniqueArray } from '../chance.ts';
import type { Arbitrary } from '../chance.ts';
import type { Ref } from '../../src/fhir/types.ts';
import type { Permit } from '../../src/policies/consent/permit.ts';
import type { PartyKind } from '../../src/policies/party-kind.ts';

const NOTE = 'https://closeloop.dev/fhir/CodeSystem/label|sud-counseling-note';

/** Marks of a version, as a commit would have them. */
export const someMarks: Arbitrary<readonly string[]> = constantFrom<readonly string[]>(
  [],
  [],
  ['42CFRPart2'],
  ['42CFRPart2', 'Organization/north'],
  ['42CFRPart2', 'Organization/west'],
  ['42CFRPart2', 'NORDSCLCD'],
  ['42CFRPart2', 'SUD'],
  ['42CFRPart2', 'PSYTHPN'],
  ['PSYTHPN'],
  ['HIV'],
  ['42CFRPart2', 'PSYTHPN', NOTE],
);

export const someKinds: Arbitrary<readonly PartyKind[] | undefined> = constantFrom<
  readonly PartyKind[] | undefined
>(
  undefined,
  undefined,
  ['community-organization'],
  ['part2-program', 'provider'],
  ['part2-program'],
  ['health-plan'],
  ['court'],
);

interface Scene {
  readonly patients: readonly Ref[];
  readonly keepers: readonly Ref[];
  readonly receivers: readonly Ref[];
  readonly refs: readonly Ref[];
}

export const somePermit = ({
  patients,
  keepers,
  receivers,
  refs,
}: Scene): Arbitrary<Omit<Permit, 'source'>> =>
  record({
    kind: constantFrom(
      'part2-tpo' as const,
      'part2-tpo' as const,
      'part2-specific' as const,
      'part2-counseling-notes' as const,
      'part2-proceedings' as const,
      'hipaa-auth' as const,
    ),
    patient: constantFrom(...patients),
    from: record({
      named: array(constantFrom(...keepers), { minLength: 1, maxLength: 1 }),
      treating: constantFrom(false),
    }),
    to: record({
      named: uniqueArray(constantFrom(...receivers, ...keepers), { maxLength: 2 }),
      treating: constantFrom(true, false),
    }),
    purposes: constantFrom(['TREAT'], ['TREAT', 'HPAYMT'], [], ['HPAYMT']),
    labels: constantFrom(
      undefined,
      undefined,
      undefined,
      ['42CFRPart2'],
      ['PSYTHPN'],
      ['HIV'],
      [NOTE],
      ['SUD', '42CFRPart2'],
    ),
    types: constantFrom(undefined, undefined, undefined, ['Task'], ['Binary']),
    refs: option(uniqueArray(constantFrom(...refs), { minLength: 1, maxLength: 4 }), {
      nil: undefined,
      freq: 2,
    }),
    since: constantFrom(0, 0, 0, 4),
    until: option(nat(10), { nil: undefined, freq: 2 }),
  });

export interface GuardScene {
  readonly marks: readonly string[];
  readonly about: readonly Ref[];
  readonly ref: Ref;
  readonly from: Ref;
  readonly to: Ref;
  readonly permits: readonly Omit<Permit, 'source'>[];
  readonly kindsOf: (party: Ref) => readonly PartyKind[];
  readonly now: number;
}

/** Whether a guard withholds: in silence, or so that it may be told; undefined: none does. */
export function withheldByGuard(scene: GuardScene): 'quiet' | 'told' | undefined {
  const { marks, about, ref, from, to, permits, kindsOf, now } = scene;
  if (from === to) return undefined;
  const labels = marks.filter((mark) => !mark.startsWith('Organization/'));
  const sources = marks.filter((mark) => mark.startsWith('Organization/')) as Ref[];
  const has = (label: string): boolean => labels.includes(label);
  const held = (party: Ref, ...any: readonly PartyKind[]): boolean =>
    any.some((kind) => kindsOf(party).includes(kind));

  /** Its conditions hold for treatment, whatever its kind is for. */
  const fits = (one: Omit<Permit, 'source'>, teller: Ref, told: Ref): boolean =>
    one.kind !== 'part2-proceedings' &&
    now >= one.since &&
    (one.until === undefined || now < one.until) &&
    one.from.named.includes(teller) &&
    (one.to.named.includes(told) || (one.to.treating && held(told, 'provider', 'health-plan'))) &&
    (one.purposes.length === 0 || one.purposes.includes('TREAT')) &&
    (one.labels === undefined || one.labels.some(has)) &&
    (one.types === undefined || one.types.some((type) => ref.startsWith(`${type}/`))) &&
    (one.refs === undefined || one.refs.includes(ref));

  const isNote = (one: Omit<Permit, 'source'>): boolean =>
    ['hipaa-auth', 'part2-counseling-notes'].includes(one.kind) &&
    (one.labels ?? []).some((label) => label === 'PSYTHPN' || label === NOTE);
  const isPart2 = (one: Omit<Permit, 'source'>): boolean =>
    ['part2-tpo', 'part2-specific', 'part2-counseling-notes'].includes(one.kind);

  /** 2.33(b): what was received for treatment, payment and operations goes on under HIPAA. */
  const passesOn = (one: Omit<Permit, 'source'>): boolean => {
    const [source] = one.from.named;
    if (one.kind !== 'part2-tpo' || has('NORDSCLCD') || source === undefined || source === from) return false;
    if (sources.length > 0 && !sources.includes(source)) return false;
    if (!fits(one, source, from)) return false;
    if (held(from, 'provider', 'health-plan', 'business-associate')) return true;
    return held(from, 'part2-program') && fits(one, source, to);
  };

  const answers = (about.length === 0 ? [undefined] : about).map((patient) => {
    const own = permits.filter((one) => one.patient === patient);
    const direct = own.filter((one) => fits(one, from, to));
    if (has(NOTE)) {
      if (!sources.includes(to) && !direct.some((one) => one.kind === 'part2-counseling-notes'))
        return 'quiet';
    } else {
      if (has('PSYTHPN') && !direct.some(isNote)) return 'quiet';
      if (has('42CFRPart2') && !sources.includes(to) && !direct.some(isPart2) && !own.some(passesOn))
        return 'quiet';
    }
    if (held(to, 'provider') || !held(to, 'community-organization', 'employer', 'school')) return undefined;
    const sensitive = labels.filter((label) => ['HIV', 'SUD'].includes(label));
    const isReleased = (label: string): boolean =>
      direct.some((one) =>
        one.kind === 'hipaa-auth'
          ? one.labels === undefined || one.labels.includes(label)
          : isPart2(one) && has('42CFRPart2'),
      );
    return sensitive.every(isReleased) ? undefined : 'told';
  });
  return answers.find((answer) => answer === 'quiet') ?? answers.find(Boolean);
}
