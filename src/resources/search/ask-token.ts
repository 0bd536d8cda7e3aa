/**
 * Token values of a search (http://hl7.org/fhir/R4/search.html#token): `code`, `system|code`, `system|`, `|code`, and
 * `:of-type`.
 */
import { cutText } from '../../fhir/fold.ts';
import type { Clause } from '../../ports/query.ts';
import { splitEscaped, unescape } from './escape.ts';
import { KEY_MAX } from './extract.ts';
import { anyClause, type ParameterRequest } from './parameter-request.ts';
import { FOLDED_CODE } from './parameter.ts';
import { invalid } from './refusal.ts';
import { foldToken, isCaseSensitive, typeKey } from './token.ts';

export function askToken(value: string, asked: ParameterRequest): Clause {
  const { name, param, truth } = asked;
  const parts = splitEscaped(value, '|')?.map((part) => readKey(name, part));
  if (parts === undefined || parts.length > 2) throw invalid(name, 'code, system|code, system| or |code');
  const [system, code] = parts.length === 1 ? [undefined, parts[0]] : parts;
  if (!system && !code) throw invalid(name, 'a code or a system is missing');
  if (truth && code !== 'true' && code !== 'false') throw invalid(name, 'true or false');
  const of = system === undefined ? {} : { system };
  if (!code) return { kind: 'token', param, ...of };
  return anyClause(
    writingsOf(code, system, asked.datatypes).map((one) => ({ kind: 'token', param, code: one, ...of })),
  );
}

/** Datatypes whose codes are kept without their case: always, or unless their system distinguishes it. */
const FOLDED: ReadonlySet<string> = new Set(['ContactPoint', 'string', FOLDED_CODE]);
const CODED: ReadonlySet<string> = new Set(['Coding', 'CodeableConcept']);

/**
 * The forms in which a code may be kept: as written where case counts, without its case where it does not, or either.
 */
export function writingsOf(
  code: string,
  system: string | undefined,
  datatypes: readonly string[],
): readonly string[] {
  const coded = datatypes.some((datatype) => CODED.has(datatype));
  const folds = coded || datatypes.some((datatype) => FOLDED.has(datatype));
  if (!folds || isCaseSensitive(system)) return [code];
  const folded = foldToken(code);
  const keeps =
    (coded && system === undefined) || datatypes.some((one) => !CODED.has(one) && !FOLDED.has(one));
  return keeps && folded !== code ? [code, folded] : [folded];
}

/** The token of `Reference.identifier`, kept under a parameter of its own. */
export function askIdentifier(value: string, asked: ParameterRequest): Clause {
  return askToken(value, { ...asked, param: `${asked.param}:identifier`, datatypes: ['Identifier'] });
}

/** "system|code|value, where the system and code refer to an Identifier.type.coding …; all 3 parts must be present" */
export function askOfType(value: string, { name, param, datatypes }: ParameterRequest): Clause {
  if (!datatypes.includes('Identifier')) throw invalid(name, 'only an Identifier has a type');
  const parts = splitEscaped(value, '|')?.map((part) => readKey(name, part)) ?? [];
  const [system = '', type = '', code = ''] = parts;
  if (parts.length !== 3 || system === '' || type === '' || code === '')
    throw invalid(name, 'system|code|value, all three');
  return { kind: 'token', param: `${param}:of-type`, code, system: typeKey(system, type) };
}

/** An unescaped token, uri or reference. */
export function readKey(name: string, piece: string): string {
  const text = unescape(piece);
  if (cutText(text, KEY_MAX) !== text) throw invalid(name, `at most ${KEY_MAX} characters`);
  return text;
}
