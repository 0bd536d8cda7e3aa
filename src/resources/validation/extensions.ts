/**
 * Extensions (http://hl7.org/fhir/R4/extensibility.html): a known one must meet its definition, in a context that the
 * definition allows. The server keeps an unknown one, unless it modifies the meaning of its carrier.
 */
import type { Resource } from '../../fhir/types.ts';
import { checkValue } from './element-check.ts';
import { carrierOf, type Carrier } from './extension-context.ts';
import { extensionOf, isError, type Around, type Check } from './profile-check.ts';
import type { ContextRow, ElementRule, ExtensionRow } from './profile-row.ts';
import { addFinding, keepFinding, type ValidationFinding, type ValidationRun } from './run.ts';
import { lastPartOf } from './target-check.ts';
import { containerAt } from './targets.ts';

/** An extension with its place. */
type Met = ValidationRun['extensions'][number];

/** Checks every extension of a sound resource. */
export function checkExtensions(run: ValidationRun, root: Resource, around: Around): void {
  const counts = new Map<string, number>();
  for (const met of run.extensions) {
    const { url } = met.value as { readonly url: string }; // sound extensions have it
    const carrier = carrierOf(root, met.place);
    const row = extensionOf(around, url);
    if (row === undefined) checkUnknown(run, root, met, url, carrier, around);
    else checkKnown({ run, around, root, met, url, carrier, row }, counts);
  }
}

const MODIFIER = /\/modifierExtension\/\d+$/;
const WITHIN = 'Extension';

/** Whether a url is absolute, and not the name of a part. */
const isAbsoluteUrl = (url: string): boolean => /^[a-z][a-z\d+.-]*:/i.test(url);

function checkUnknown(
  run: ValidationRun,
  root: Resource,
  { place }: Met,
  url: string,
  carrier: Carrier,
  around: Around,
): void {
  const isAbsolute = isAbsoluteUrl(url);
  // Within an extension, a part may have the name that the definition gives it.
  if (!isAbsolute && carrier.type !== WITHIN)
    return tell(run, `${place}/url`, 'the url of an extension is absolute, unless it is part of another');
  if (!isAbsolute) checkPart(run, place, url, ruleOf(around, root, carrier.place, carrier.value));
  if (MODIFIER.test(place) && around.unknownModifiers !== 'accept') return tell(run, place, UNKNOWN_MODIFIER);
  if (around.thorough !== true || !isAbsolute) return;
  const says = 'this extension is not known here; it is kept as it is';
  keepFinding(run.found, {
    code: 'structure-invalid',
    type: 'extension',
    severity: 'information',
    place,
    says,
  });
}

type Parts = Readonly<Record<string, ElementRule>>;
const partsOf = (rule: ElementRule | undefined): Parts | undefined => rule?.elements?.['extension']?.slices;
const nameOfPart = ({ elements }: ElementRule): unknown => elements?.['url']?.fixed;

/** The definition of the extension at a place: its own, or that of the extension of which it is a part. */
function ruleOf(around: Around, root: Resource, place: string, value: unknown): ElementRule | undefined {
  const { url = '' } = (value ?? {}) as { readonly url?: string };
  if (isAbsoluteUrl(url)) return extensionOf(around, url)?.rule;
  const holder = carrierOf(root, place);
  if (holder.type !== WITHIN) return undefined;
  const parts = partsOf(ruleOf(around, root, holder.place, holder.value)) ?? {};
  return Object.values(parts).find((part) => nameOfPart(part) === url);
}

/** The definition lists the parts of an extension; it has no others. */
function checkPart(run: ValidationRun, place: string, url: string, rule: ElementRule | undefined): void {
  const parts = partsOf(rule);
  const names = parts === undefined ? [] : Object.values(parts).map(nameOfPart);
  if (parts === undefined || names.includes(url)) return;
  tell(run, `${place}/url`, `its extension has no such part; expected ${names.join(' or ')}`);
}

const UNKNOWN_MODIFIER =
  'this modifier extension is not known here, so what it changes would be ignored; it must not be';

function tell(run: ValidationRun, place: string, says: string): void {
  addFinding(run, place, says, 'extension');
}

interface Known {
  readonly run: ValidationRun;
  readonly around: Around;
  readonly root: Resource;
  readonly met: Met;
  readonly url: string;
  readonly carrier: Carrier;
  readonly row: ExtensionRow;
}

function checkKnown(known: Known, counts: Map<string, number>): void {
  const { run, met, url, carrier, row } = known;
  const { place } = met;
  const name = lastPartOf(url);
  if (MODIFIER.test(place) !== (row.modifier === true))
    tell(run, place, `${name} stands in ${row.modifier === true ? 'modifierExtension' : 'extension'}`);
  const context = [...row.context, ...(USED_IN[name] ?? [])];
  if (context.length > 0 && !context.some((each) => isContext(known, each)))
    tell(run, place, `${name} may not stand here; it is for ${context.map(wordsOf).join(', ')}`);
  const count = (counts.get(`${carrier.place} ${url}`) ?? 0) + 1;
  counts.set(`${carrier.place} ${url}`, count);
  if (count > (row.rule.max ?? Infinity))
    tell(run, place, `${name} stands here at most ${row.rule.max} times`);
  checkInvariants(known, name);
  for (const each of faultsOf(known, name)) keepFinding(run.found, each);
}

const inElement = (...expressions: readonly string[]): readonly ContextRow[] =>
  expressions.map((expression) => ({ type: 'element', expression }));

/** Places in HL7's own publication of R4 where its extensions stand although their definitions do not allow it. */
const USED_IN: Readonly<Record<string, readonly ContextRow[]>> = {
  regex: inElement('ElementDefinition.type'),
  'structuredefinition-fhir-type': inElement('ElementDefinition.type'),
  'structuredefinition-normative-version': inElement('CodeSystem', 'ValueSet', 'ElementDefinition'),
  'valueset-concept-comments': inElement('CodeSystem.concept'),
};

const wordsOf = ({ type, expression }: ContextRow): string =>
  type === 'extension' ? `the extension ${lastPartOf(expression)}` : expression;

function isContext({ around, carrier, met }: Known, { type, expression }: ContextRow): boolean {
  if (type === 'element') return carrier.names.has(expression);
  if (type === 'extension')
    return carrier.type === WITHIN && (carrier.value as { url?: unknown } | undefined)?.url === expression;
  // A context that cannot be judged is not held against the extension.
  const { resource, resourcePlace, place } = carrier;
  const at = around.locate?.(expression, resource);
  return at === undefined || met.place === '' || at.includes(place.slice(resourcePlace.length));
}

/** A context by FHIRPath on the carrier. */
function checkInvariants({ run, around, row, carrier, met }: Known, name: string): void {
  const { value, place, type, resource, resourcePlace } = carrier;
  const stand = { resource, place: resourcePlace, root: resource };
  for (const expression of row.contextInvariants ?? []) {
    if (expression.includes('%extension')) continue; // an expression cannot tell which of several it is
    if (around.evaluate?.(expression, { value, place, type }, stand) === false)
      tell(run, met.place, `${name} may not stand here: ${expression}`);
  }
}

/** Checks the extension itself by its definition. */
function faultsOf({ around, root, met, row }: Known, name: string): readonly ValidationFinding[] {
  const stand = { ...containerAt(root, met.place), root };
  const check: Check = { around, stand, name, found: [], known: new Map(), checkValue };
  checkValue(check, row.rule, { value: met.value, place: met.place, type: WITHIN });
  return check.found
    .filter((each) => isError(each) || around.thorough === true)
    .map((each) => ({ ...each, code: 'structure-invalid', type: 'extension' }));
}
