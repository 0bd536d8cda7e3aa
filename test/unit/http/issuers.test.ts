/** Which issuer a header names is remembered; who asks is asked of that issuer each time. */
import { describe, expect, test } from '@jest/globals';
import { createIdentifyAny, type OutsideIssuer } from '../../../src/http/issuers.ts';
import { OperationOutcomeError } from '../../../src/fhir/issue.ts';
import { WITHOUT_LOGIN, type Caller } from '../../../src/operations/request.ts';

const CALLER: Caller = {
  ...WITHOUT_LOGIN,
  organization: 'Organization/a',
  administrator: false,
  scopes: [],
  patient: undefined,
  client: 'c',
  subject: 's',
  user: undefined,
  address: undefined,
  onBehalfOf: undefined,
};

const part = (content: object): string => Buffer.from(JSON.stringify(content)).toString('base64url');
/** Long enough to be told from a token of our own; nobody looks at its signature here. */
const headerOf = (iss: string): string =>
  `Bearer ${part({ alg: 'ES256' })}.${part({ iss, more: 'x'.repeat(100) })}.signature`;

/** An issuer that says what it was asked, and answers as it is told to. */
function issuerNamed(issuer: string, answer: () => Caller | Promise<Caller>) {
  const asked: (string | undefined)[] = [];
  const one: OutsideIssuer = {
    issuer,
    identify: ({ address }) => {
      asked.push(address);
      return answer();
    },
  };
  return { one, asked };
}

describe('tokens of several issuers', () => {
  test('are asked of the issuer that they name each time, so that what has ended ends at once', async () => {
    let answer = (): Caller => CALLER;
    const [first, second] = [
      issuerNamed('https://a', () => CALLER),
      issuerNamed('https://b', () => answer()),
    ];
    const identify = createIdentifyAny(() => CALLER, [first.one, second.one]);
    const ask = (address: string) =>
      identify({ authorization: headerOf('https://b'), onBehalfOf: undefined, address });
    for (const address of ['1', '2', '3']) expect(await ask(address)).toBe(CALLER);
    answer = () => {
      throw new OperationOutcomeError('token-invalid');
    };
    expect(() => ask('4')).toThrow(OperationOutcomeError);
    expect(second.asked).toEqual(['1', '2', '3', '4']);
    expect(first.asked).toEqual([]);
  });

  test('are read again where they were not known at once, and refused where they are malformed', async () => {
    const first = issuerNamed('https://a', async () => CALLER);
    const identify = createIdentifyAny(() => CALLER, [first.one]);
    const ask = (authorization: string | undefined) =>
      identify({ authorization, onBehalfOf: undefined, address: undefined });
    expect(await ask(headerOf('https://a'))).toBe(CALLER);
    expect(await ask(headerOf('https://nobody'))).toBe(CALLER); // refused by the rules of the first
    expect(first.asked).toHaveLength(2);
    expect(() => ask(`${headerOf('https://a')}, Bearer x`)).toThrow(OperationOutcomeError);
    expect(() => ask(undefined)).toThrow(OperationOutcomeError);
    expect(() => ask(`Basic ${'x'.repeat(200)}`)).toThrow(OperationOutcomeError);
  });
});
