/**
 * What is written down of a package for another organization: what was left out, as a List, and what went, as a Provenance
 * (compliance M3, V5). The List names the package, and nothing that a referral reaches names the List (harmony Z1).
 */
import { URI_SYSTEM } from '../../fhir/identifier.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import type { LeftResource } from '../../policies/payload/trim.ts';
import { LIST_CODE } from '../../resources/package-record.ts';
import type { Draft } from '../write/draft.ts';
import { planOwn } from '../write/planned-resources.ts';

/** A package that was put together. */
interface Assembly {
  /** What it is called: a URI. */
  readonly name: string;
  readonly discloser: Ref;
  readonly recipient: Ref;
  readonly patient: Ref | undefined;
  readonly basis: string;
  readonly kept: readonly Ref[];
  readonly left: readonly LeftResource[];
  /** Consents that it rests on. */
  readonly consents: readonly Ref[];
}

const coded = (code: string) => ({ coding: [{ system: LIST_CODE, code }] });

/** Plans both, kept by the discloser; the List where something was left out. */
export function recordPackage(draft: Draft, assembly: Assembly): Ref | undefined {
  const { discloser, left } = assembly;
  const { newId, settings } = draft.context;
  const list = left.length === 0 ? undefined : planOwn(draft, newId(), listOf(draft, assembly), discloser);
  planOwn(draft, newId(), provenanceOf(draft.now, settings.sourceName, assembly, list), discloser);
  return list;
}

const listOf = ({ now, context }: Draft, { name, patient, recipient, left }: Assembly): Resource => ({
  resourceType: 'List',
  identifier: [{ system: URI_SYSTEM, value: name }],
  status: 'current',
  mode: 'snapshot',
  title: `Left out of what ${recipient} is told`,
  code: coded('left-out'),
  ...(patient !== undefined && { subject: { reference: patient } }),
  date: now,
  source: { type: 'Device', display: context.settings.sourceName },
  entry: left.map(({ ref, reason }) => ({ flag: coded(reason), item: { reference: ref } })),
});

const provenanceOf = (
  now: string,
  source: string,
  { kept, discloser, basis, consents }: Assembly,
  list: Ref | undefined,
): Resource => ({
  resourceType: 'Provenance',
  target: kept.map((reference) => ({ reference })),
  recorded: now,
  policy: [`https://closeloop.dev/fhir/basis/${basis}`],
  activity: coded('package'),
  agent: [
    {
      type: {
        coding: [
          { system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type', code: 'assembler' },
        ],
      },
      who: { type: 'Device', display: source },
      onBehalfOf: { reference: discloser },
    },
  ],
  ...((list !== undefined || consents.length > 0) && {
    entity: [
      ...(list === undefined ? [] : [{ role: 'removal', what: { reference: list } }]),
      ...consents.map((reference) => ({ role: 'source', what: { reference } })),
    ],
  }),
});
