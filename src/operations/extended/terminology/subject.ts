/** The common parts of the terminology operations: the value set or code system of the question, and the code. */
import { OperationOutcomeError, type IssueCode } from '../../../fhir/issue.ts';
import type { CodeableConcept, CodeSystem, Coding, Ref, ValueSet } from '../../../fhir/types.ts';
import { parseStored } from '../../../ports/stored-resource.ts';
import { PACKAGED } from '../../../resources/terminology/packaged.ts';
import type {
  TerminologySource,
  Selection,
  System,
} from '../../../resources/terminology/terminology-source.ts';
import { selectionOf, readSystem } from '../../../resources/terminology/stored.ts';
import type { Seen } from '../../seen.ts';
import { seenOf } from '../../interactions/read.ts';
import { loadTerminology, type Seeing } from '../../terminology.ts';
import { resourceIn, textIn, valueIn } from '../input.ts';
import type { Invocation, OperationParameter } from '../operation.ts';

export const terminologyRefusal = (code: IssueCode, diagnostics: string): OperationOutcomeError =>
  new OperationOutcomeError(code, { diagnostics });

export const input = (
  name: string,
  type: string,
  documentation: string,
  max: '1' | '*' = '1',
): OperationParameter => ({ name, use: 'in', min: 0, max, type, documentation });

export const output = (
  name: string,
  type: string,
  documentation: string,
  min: 0 | 1 = 0,
): OperationParameter => ({ name, use: 'out', min, max: '1', type, documentation });

export const seeingOf = ({ context, sight, request }: Invocation): Seeing => ({
  snapshot: context.store.snapshot(),
  sight,
  signal: request.signal,
});

/** A resource that an operation is about: the instance, a parameter, or the one with the canonical. */
interface Subject<T extends ValueSet | CodeSystem> {
  readonly resource?: T;
  readonly canonical?: string;
  readonly seen: readonly Seen[];
}

async function subjectOf<T extends ValueSet | CodeSystem>(
  invocation: Invocation,
  inline: string,
  version: string,
): Promise<Subject<T>> {
  const { request, input: given, level, context, sight } = invocation;
  const ref: Ref = `${request.type ?? ''}/${request.id ?? ''}`;
  const sent = resourceIn(given, inline)?.plain;
  const url = textIn(given, 'url');
  if (level === 'instance') {
    if (sent !== undefined || url !== undefined)
      throw terminologyRefusal(
        'parameter-invalid',
        `the address says which one is meant: leave out url and ${inline}`,
      );
    const stored = await context.store.snapshot().read(ref, sight);
    const found = stored?.text === undefined ? context.packaged(ref) : parseStored(stored.text);
    if (found === undefined) throw terminologyRefusal('not-found', `${ref} is not here`);
    const seen = stored?.text === undefined ? [] : [seenOf(context, stored, stored.text)];
    return { resource: found as unknown as T, seen }; // of the type of the address
  }
  if (sent !== undefined) return { resource: sent as unknown as T, seen: [] }; // of the parameter's type
  if (url === undefined) throw terminologyRefusal('field-missing', `the operation needs url or ${inline}`);
  const of = textIn(given, version);
  return { canonical: of === undefined || url.includes('|') ? url : `${url}|${of}`, seen: [] };
}

interface AskedValueSet {
  readonly held: TerminologySource;
  readonly selection: Selection;
  /** The parts of it that the answer shows beside its members. */
  readonly resource: ValueSet;
  readonly seen: readonly Seen[];
}

/**
 * The value set of an invocation, with everything that it uses.
 *
 * @throws OperationOutcomeError `value-set-unknown`
 */
export async function askedValueSet(invocation: Invocation): Promise<AskedValueSet> {
  const subject = await subjectOf<ValueSet>(invocation, 'valueSet', 'valueSetVersion');
  const { resource, canonical, seen } = subject;
  if (resource !== undefined) {
    const selection = selectionOf(resource);
    const held = await loadTerminology(seeingOf(invocation), { given: [selection] });
    return { held, selection, resource, seen };
  }
  const held = await loadTerminology(seeingOf(invocation), { valueSets: [canonical ?? ''] });
  const selection = held.valueSet(canonical ?? '');
  if (selection === undefined)
    throw terminologyRefusal('value-set-unknown', 'no value set of this url is held here');
  const { url, version, name, title } = selection;
  return {
    held,
    selection,
    resource: {
      resourceType: 'ValueSet',
      ...(url !== undefined && { url }),
      ...(version !== undefined && { version }),
      ...(name !== undefined && { name }),
      ...(title !== undefined && { title }),
      status: 'active',
    },
    seen,
  };
}

/** @throws OperationOutcomeError `not-found` when the code system is not held */
export async function askedSystem(
  invocation: Invocation,
  canonicals: readonly string[],
): Promise<{ readonly held: TerminologySource; readonly system: System }> {
  const held = await loadTerminology(seeingOf(invocation), { systems: canonicals });
  const [canonical = ''] = canonicals;
  const system = held.system(canonical);
  if (system === undefined) throw terminologyRefusal('not-found', 'the code system is not held here');
  return { held, system };
}

/** The code system of an invocation: the instance, the parameter `codeSystem`, or the one with the `url`. */
export async function askedCodeSystem(
  invocation: Invocation,
): Promise<{ readonly system: System; readonly seen: readonly Seen[] }> {
  const subject = await subjectOf<CodeSystem>(invocation, 'codeSystem', 'version');
  const { resource, canonical, seen } = subject;
  if (resource === undefined) return { ...(await askedSystem(invocation, [canonical ?? ''])), seen };
  const system = readSystem(resource) ?? PACKAGED.system(resource.url ?? '');
  if (system === undefined)
    throw terminologyRefusal('not-found', 'the code system does not hold its concepts');
  return { system, seen };
}

/** The codes of the question: from `code`, `coding` or `codeableConcept`. The client sends exactly one of these. */
export function askedCodings({ input: given }: Invocation, systemName?: string): readonly Coding[] {
  const code = textIn(given, 'code');
  const coding = valueIn(given, 'coding') as Coding | undefined; // checked against the definition
  const concept = valueIn(given, 'codeableConcept') as CodeableConcept | undefined; // likewise
  if ([code, coding, concept].filter((one) => one !== undefined).length !== 1)
    throw terminologyRefusal('parameter-invalid', 'give one of code, coding and codeableConcept');
  if (coding !== undefined) return [coding];
  if (concept !== undefined) return concept.coding ?? [];
  const system = systemName === undefined ? undefined : textIn(given, systemName);
  const display = textIn(given, 'display');
  return [
    {
      ...(code !== undefined && { code }),
      ...(system !== undefined && { system }),
      ...(display !== undefined && { display }),
    },
  ];
}
