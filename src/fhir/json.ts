/**
 * Strict JSON for FHIR (http://hl7.org/fhir/R4/json.html): every key once, no `__proto__`, bounded nesting, well-formed
 * Unicode, and number literals kept as written, because a decimal's precision is part of its meaning (D6).
 *
 * The engine's own parser reads the text. One scan of the text then counts keys and depth, and looks for literals that
 * a number would lose. Only when something is wrong does {@link findFault} search for the fault and its place, which is
 * slow.
 */
import type { Body } from './body.ts';
import { OperationOutcomeError } from './issue.ts';
import { findFault, JSON_LIMITS, type Fault, type JsonLimits } from './json-fault.ts';
import { bodyOf, keepLiteral } from './literal.ts';
import type { Resource } from './types.ts';

export { JSON_LIMITS, type JsonLimits } from './json-fault.ts';
export { bodyOf, plainOf } from './literal.ts';

/**
 * A resource from its JSON text.
 *
 * @throws OperationOutcomeError `json-invalid`, naming the place
 */
export function parseJson(text: string, limits: JsonLimits = JSON_LIMITS): Body {
  const { value: storing, lossy } = readJson(text, limits);
  if (typeof storing !== 'object' || storing === null || Array.isArray(storing)) {
    throw refusal({ why: 'a resource is a JSON object', path: '$', at: 0 });
  }
  if (
    !('resourceType' in storing) ||
    typeof storing.resourceType !== 'string' ||
    storing.resourceType === ''
  ) {
    throw refusal({ why: 'resourceType is missing; it must be a string', path: '$', at: 0 });
  }
  const tree = storing as Resource; // Resource asks only for a resourceType that is a string
  return lossy ? bodyOf(tree) : { plain: tree, storing: tree };
}

/**
 * Any JSON value (a JSON Patch) as a storing tree: numbers whose literal would be lost are `JSON.rawJSON`. For plain
 * numbers see {@link plainOf}; after patching a storing tree, {@link bodyOf} makes the body again.
 *
 * @throws OperationOutcomeError `json-invalid`, naming the place
 */
export const parseJsonValue = (text: string, limits: JsonLimits = JSON_LIMITS): unknown =>
  readJson(text, limits).value;

/** A storing tree, and whether it keeps a literal. */
function readJson(text: string, limits: JsonLimits): { readonly value: unknown; readonly lossy: boolean } {
  const value = parseText(text, limits);
  const seen = scan(text);
  // Depth before keys: counting keys descends as deep as the text does.
  const doubtful = seen.depth > limits.depth || !isOrdinary(text) || seen.keys !== countKeys(value);
  const fault = doubtful ? findFault(text, limits) : undefined;
  if (fault !== undefined) throw refusal(fault);
  return { value: seen.lossy ? JSON.parse(text, keepLiteral) : value, lossy: seen.lossy };
}

/** The text of a storing tree, with the literals that it keeps. */
export function encodeJson(storing: unknown): string {
  return JSON.stringify(storing);
}

/**
 * UTF-8 bytes as text, without a byte order mark.
 *
 * @throws OperationOutcomeError `json-invalid` when they are not UTF-8
 */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new OperationOutcomeError('json-invalid', { diagnostics: 'The body is not UTF-8.' });
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parseText(text: string, limits: JsonLimits): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The engine's message quotes the text, which may name a patient; this one does not.
    throw refusal(findFault(text, limits) ?? { why: 'this is not JSON', path: '$', at: 0 });
  }
}

function refusal({ why, path, at }: Fault): OperationOutcomeError {
  return new OperationOutcomeError('json-invalid', { diagnostics: `At ${path} (character ${at}): ${why}.` });
}

/** Whether a number in a text that was read has a literal that must be kept. */
export const isLossy = (text: string): boolean => scan(text).lossy;

/** Whether names and characters of the text need no closer look. */
function isOrdinary(text: string): boolean {
  return text.isWellFormed() && !text.includes('\\u') && !text.includes('__proto__');
}

interface Seen {
  keys: number;
  depth: number;
  /** Whether the literal of a number differs from what the number prints. */
  lossy: boolean;
}

const QUOTE = 34;
const COLON = 58;
const BACKSLASH = 92;

/** Scans a text that is known to be JSON. */
function scan(text: string): Seen {
  let keys = 0;
  let level = 0;
  let depth = 0;
  let lossy = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === COLON) keys += 1;
    else if (code === 123 || code === 91) depth = Math.max(depth, (level += 1));
    else if (code === 125 || code === 93) level -= 1;
    else if (code === 45 || (code >= 48 && code <= 57)) {
      const end = endOfNumber(text, at);
      lossy ||= differs(text, at, end);
      at = end - 1;
    }
  }
  return { keys, depth, lossy };
}

/** The place of the closing quote of the string that opens at `at`. */
function endOfString(text: string, at: number): number {
  let end = text.indexOf('"', at + 1);
  while (text.charCodeAt(end - 1) === BACKSLASH && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

/** Whether an odd number of backslashes stands before `at`. */
function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === BACKSLASH) first -= 1;
  return (at - first) % 2 === 1;
}

function endOfNumber(text: string, at: number): number {
  let end = at + 1;
  for (; end < text.length; end += 1) {
    const code = text.charCodeAt(end);
    const digit = code >= 48 && code <= 57;
    if (!digit && code !== 46 && code !== 45 && code !== 43 && code !== 69 && code !== 101) break;
  }
  return end;
}

function differs(text: string, at: number, end: number): boolean {
  const literal = text.slice(at, end);
  return String(Number(literal)) !== literal;
}

function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let keys = 0;
  if (Array.isArray(value)) {
    for (const member of value as readonly unknown[]) keys += countKeys(member);
    return keys;
  }
  const members = value as Readonly<Record<string, unknown>>; // made by JSON.parse: its own members alone
  for (const name in members) keys += 1 + countKeys(members[name]);
  return keys;
}
