/**
 * The numbers that a referral needs on every rail when it opens (rules 1.14): its own (PLAC), and a record number of
 * its patient. The server keeps a client's numbers, and makes missing ones in the initiator's namespace.
 */
import { V2_0203 } from '../../fhir/identifier.ts';
import type { Identifier, Ref, Resource } from '../../fhir/types.ts';
import { mintNumber } from '../../referral/number.ts';
import { note, type Note } from '../../referral/ruling.ts';
import { localRef } from '../element.ts';
import type { Transform, DerivedWrite, RuleContext } from '../rules.ts';

/** The changes to an order that opens, and the further writes. */
interface Numbered {
  /** The change to the order; undefined when it has its number. */
  readonly order?: Transform;
  readonly derived: readonly DerivedWrite[];
  readonly notes: readonly Note[];
}

/** The numbers that an order and its patient lack. */
export async function numbersFor(request: Resource, initiator: Ref, context: RuleContext): Promise<Numbered> {
  const subject = localRef(request['subject']);
  const patient = subject?.startsWith('Patient/') === true ? await context.read(subject) : undefined;
  const lacksRecord =
    patient !== undefined && !hasRecordNumber(numbersIn(patient)) && !isKnownBySender(patient, context);
  const lacksPlacer = placerOf(request) === undefined;
  if (!lacksRecord && !lacksPlacer) return { derived: [], notes: [] };
  const system = await context.namespaceOf(initiator);
  const number = (code: string): Identifier => ({
    type: { coding: [{ system: V2_0203, code }] },
    system,
    value: mintNumber(context.newId()),
    assigner: { reference: initiator },
  });
  const [placer, record] = [number('PLAC'), number('MR')];
  const derived: DerivedWrite = {
    ref: subject ?? initiator,
    transform: (tree) => (hasRecordNumber(numbersIn(tree)) ? tree : withNumber(tree, record)),
  };
  return {
    ...(lacksPlacer && {
      order: (tree) => (placerOf(tree) === undefined ? withNumber(tree, placer) : tree),
    }),
    derived: lacksRecord ? [derived] : [],
    notes: [
      ...(lacksPlacer
        ? [
            note('information', `The server gave the order its number: ${placer.value}.`, [
              'ServiceRequest.identifier',
            ]),
          ]
        : []),
      ...(lacksRecord
        ? [
            note('information', 'The server gave the patient a record number, because there was none.', [
              'Patient.identifier',
            ]),
          ]
        : []),
    ],
  };
}

/** The referral ID: the placer's identifier (V2-0203 PLAC). */
export const placerOf = (request: Resource): Identifier | undefined =>
  numbersIn(request).find((number) => typesOf(number).includes('PLAC'));

/** The order with the referral ID that it had, when its client leaves out the number that the server made. */
export function withPlacerOf(before: Resource): Transform {
  const placer = placerOf(before);
  return (tree) => (placer === undefined || placerOf(tree) !== undefined ? tree : withNumber(tree, placer));
}

const numbersIn = ({ identifier }: Resource): readonly Identifier[] =>
  (identifier ?? []) as readonly Identifier[]; // validated structure

const withNumber = (tree: Resource, number: Identifier): Resource => ({
  ...tree,
  identifier: [...numbersIn(tree), number],
});

const typesOf = ({ type }: Identifier): readonly (string | undefined)[] =>
  (type?.coding ?? []).map(({ code }) => code);

/** Types of numbers under which an organization keeps its record of a patient; a number without a type may be one. */
const RECORD_NUMBERS: ReadonlySet<string | undefined> = new Set(['MR', 'PI', 'PT', 'MRT']);

/** Whether a patient has a number under which an organization keeps its record. */
export const hasRecordNumber = (numbers: readonly Identifier[]): boolean => numbers.some(isRecordNumber);

/** Whether a message gave a number of the patient: an answer with another number would match nobody at its sender. */
const isKnownBySender = (patient: Resource, { byMessage }: RuleContext): boolean =>
  byMessage && numbersIn(patient).some(({ value }) => value !== undefined);

const isRecordNumber = (number: Identifier): boolean =>
  number.value !== undefined &&
  (number.type === undefined || typesOf(number).some((code) => RECORD_NUMBERS.has(code)));
