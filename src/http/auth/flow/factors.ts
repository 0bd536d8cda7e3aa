/** Refusals of factors in the words of a person. Each has been counted when it is answered. */
import type { FactorRefusal } from '../../../accounts/factor-parts.ts';

/** What a page says no to. */
export type PageRefusal = Pick<FactorRefusal, 'ok' | 'retryAfter' | 'says'> & { readonly code: string };

const WORDS: Readonly<Record<string, string>> = {
  busy: 'The server is busy. Try again in a few seconds.',
  'login-wrong': 'E-mail address or password are not right. Check what you typed, and try again.',
  'code-wrong': 'That code was not right, or it was used already.',
  'codes-wrong': 'Those codes were not right. They have to be two codes, one after the other.',
  'passkey-wrong': 'The passkey was not accepted. Try again, or go another way.',
  'factor-closed': 'There were too many wrong attempts. Ask your administrator for a new link.',
  'last-factor': 'This is the last way by which you can sign in. Add another one first.',
  'invitation-code-wrong': 'That code was not right.',
  'changed-meanwhile': 'Something else was changed at the same moment. Try again.',
};

/** What a person is told. Who is not known and whose password is wrong hear the same. */
export function wordsOfRefusal({ code, retryAfter, says }: PageRefusal): string {
  if (retryAfter !== undefined && code !== 'busy')
    return `There were too many attempts. Try again in ${waiting(retryAfter)}.`;
  return says ?? WORDS[code] ?? 'That did not work. Try again.';
}

const waiting = (seconds: number): string =>
  seconds <= 90 ? `${Math.ceil(seconds)} seconds` : `${Math.ceil(seconds / 60)} minutes`;
