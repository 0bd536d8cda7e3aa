/**
 * ValueSet/$validate-code and CodeSystem/$validate-code (http://hl7.org/fhir/R4/valueset-operation-validate-code.html,
 * http://hl7.org/fhir/R4/codesystem-operation-validate-code.html), by the terminology that this server has.
 */
import {
  validateInSet,
  validateInSystem,
  type CodeQuestion,
  type CodeVerdict,
} from '../../../resources/terminology/validate-code.ts';
import type { Coding } from '../../../fhir/types.ts';
import type { Seen } from '../../seen.ts';
import { loadTerminology } from '../../terminology.ts';
import { isTrueIn, textIn } from '../input.ts';
import type { Invocation, Operation, OperationParameter, OperationReply } from '../operation.ts';
import { parametersOf } from '../output.ts';
import {
  askedCodeSystem,
  askedCodings,
  askedSystem,
  askedValueSet,
  input,
  output,
  terminologyRefusal,
  seeingOf,
} from './subject.ts';

const CODED: readonly OperationParameter[] = [
  input('display', 'string', 'A name of the code, to be compared.'),
  input('coding', 'Coding', 'A code with its system.'),
  input('codeableConcept', 'CodeableConcept', 'Several codes, of which one has to be right.'),
  input('abstract', 'boolean', 'A code that only groups others will do.'),
  input('displayLanguage', 'code', 'The language of the display; names of every language are compared.'),
  output('result', 'boolean', 'Whether the code is right.', 1),
  output('message', 'string', 'Why not, or what was not compared.'),
  output('display', 'string', 'A name of the code.'),
];

export const validateInValueSet: Operation = {
  name: 'validate-code',
  id: 'ValueSet-validate-code',
  base: 'http://hl7.org/fhir/OperationDefinition/ValueSet-validate-code',
  title: 'Judge a code by a value set',
  description:
    'Says whether a code is in a value set that is packaged, stored here or sent along. When the code systems of the value set are not held, this is a refusal, not a guess.',
  levels: ['type', 'instance'],
  resource: ['ValueSet'],
  affectsState: false,
  needs: 'read',
  parameters: [
    input('url', 'uri', 'The canonical of the value set, with or without |version.'),
    input('valueSet', 'ValueSet', 'The value set itself.'),
    input('valueSetVersion', 'string', 'Which version of the value set.'),
    input('code', 'code', 'The code; its system is needed as well.'),
    input('system', 'uri', 'The system of the code.'),
    input('systemVersion', 'string', 'Which version of the system.'),
    ...CODED,
  ],
  perform: performInValueSet,
};

export const validateInCodeSystem: Operation = {
  name: 'validate-code',
  id: 'CodeSystem-validate-code',
  base: 'http://hl7.org/fhir/OperationDefinition/CodeSystem-validate-code',
  title: 'Judge a code by its code system',
  description: 'Says whether a code is one of a code system that is packaged, stored here or sent along.',
  levels: ['type', 'instance'],
  resource: ['CodeSystem'],
  affectsState: false,
  needs: 'read',
  parameters: [
    input('url', 'uri', 'The canonical of the code system.'),
    input('codeSystem', 'CodeSystem', 'The code system itself.'),
    input('version', 'string', 'Which version of the code system.'),
    input('code', 'code', 'The code.'),
    ...CODED,
  ],
  perform: performInCodeSystem,
};

async function performInValueSet(invocation: Invocation): Promise<OperationReply> {
  const codings = askedCodings(invocation, 'system');
  const { input: given } = invocation;
  if (textIn(given, 'code') !== undefined && textIn(given, 'system') === undefined)
    throw terminologyRefusal('field-missing', 'a code needs its system');
  const { held: ofSet, selection, seen } = await askedValueSet(invocation);
  const systems = codings.flatMap(({ system }) => (system === undefined ? [] : [system]));
  const ofCodes = await loadTerminology(seeingOf(invocation), { systems });
  const held = {
    valueSet: ofSet.valueSet,
    system: (canonical: string) => ofSet.system(canonical) ?? ofCodes.system(canonical),
  };
  const version = textIn(given, 'systemVersion');
  const options = { abstract: isTrueIn(given, 'abstract') };
  return answer(
    codings.map((coding) => validateInSet(held, selection, asAsked(coding, version), options)),
    seen,
  );
}

async function performInCodeSystem(invocation: Invocation): Promise<OperationReply> {
  const codings = askedCodings(invocation);
  const { input: given, level } = invocation;
  const options = { abstract: isTrueIn(given, 'abstract') };
  const names = ['url', 'codeSystem'].some((name) => given.has(name));
  const [first] = codings;
  // A coding names its own system.
  const isNamed = level === 'instance' || names || first?.system === undefined;
  const { system, seen } = isNamed
    ? await askedCodeSystem(invocation)
    : { ...(await askedSystem(invocation, systemsOf(codings))), seen: [] };
  return answer(
    codings.map((coding) => validateInSystem(system, asAsked(coding, undefined), options)),
    seen,
  );
}

const systemsOf = (codings: readonly Coding[]): readonly string[] =>
  codings.flatMap(({ system, version }) =>
    system === undefined ? [] : [version === undefined ? system : `${system}|${version}`],
  );

const asAsked = ({ system, code, display, version }: Coding, asked: string | undefined): CodeQuestion => ({
  system,
  code,
  display,
  version: version ?? asked,
});

/** One right code is enough. When none is right and one is unknown, the answer has no result. */
function answer(verdicts: readonly CodeVerdict[], seen: readonly Seen[]): OperationReply {
  const told =
    verdicts.find(({ result }) => result === true) ??
    verdicts.find(({ result }) => result === undefined) ??
    verdicts[0];
  const { result, message, display } = told ?? { result: false, message: 'There is no code.' };
  if (result === undefined) throw terminologyRefusal('code-system-unknown', message ?? '');
  return {
    status: 200,
    resource: parametersOf([
      { name: 'result', valueBoolean: result },
      ...(message === undefined ? [] : [{ name: 'message', valueString: message }]),
      ...(display === undefined ? [] : [{ name: 'display', valueString: display }]),
    ]),
    seen,
  };
}
