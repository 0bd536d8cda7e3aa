/** Callers of the tests of captures, and how they send Parameters. */
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { openServer, type Response, type TestServer } from '../../server.ts';

/** Parameters by their names; a list is given more than once, an object without a value is a part. */
export type Given = Readonly<Record<string, unknown>>;

export const parametersFor = (given: Given): Resource => ({
  resourceType: 'Parameters',
  parameter: Object.entries(given).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).flatMap((one: object | undefined) =>
      one === undefined ? [] : [{ name: name === 'waits' ? 'then' : name, ...one }],
    ),
  ),
});

/** The same with a transaction that waits for it: an object that had a member `then` would be taken for a promise. */
export const waiting = (given: Given, bundle: Resource): Given => ({ ...given, waits: { resource: bundle } });

export const code = (valueCode: string) => ({ valueCode });
export const text = (valueString: string) => ({ valueString });
export const ref = (reference: string) => ({ valueReference: { reference } });

/** A page with a signature on it. */
export const PAPER = {
  valueAttachment: {
    contentType: 'application/pdf',
    data: Buffer.from('%PDF-1.7 signed').toString('base64'),
    title: 'Signed form',
  },
};

/** A single consent for treatment, payment and operations under 42 CFR Part 2, complete. */
export const TPO: Given = {
  kind: code('part2-tpo'),
  information: { part: [{ name: 'text', valueString: 'All my treatment records' }] },
  event: text('none'),
  form: { valueCanonical: 'https://closeloop.dev/fhir/Questionnaire/part2-tpo' },
  signature: PAPER,
  signedAt: { valueDateTime: '2026-11-20' },
};

export interface Capturers {
  readonly server: TestServer;
  readonly patient: Ref;
  /** Sends the parameters as an organization, or with a token by its name. */
  capture(who: string, given: Given, patient?: Ref, key?: string): Promise<Response>;
  /** A token of an organization's application. */
  token(name: string, claims: object): Promise<void>;
  ask(name: string, method: 'GET' | 'POST', url: string, body?: object): Promise<Response>;
}

export async function openCapturers(...organizations: readonly string[]): Promise<Capturers> {
  const server = await openServer(organizations.length > 0 ? organizations : ['initiator', 'recipient']);
  const patient: Ref = `Patient/${(await server.create('initiator', make.patient())).id}`;
  const tokens = new Map<string, string>();
  const ask = (
    who: string,
    method: 'GET' | 'POST',
    url: string,
    body?: object,
    key?: string,
  ): Promise<Response> => {
    const token = tokens.get(who);
    const headers = {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(key !== undefined && { 'idempotency-key': key }),
    };
    return server.ask(token === undefined ? who : 'initiator', method, url, body, { headers });
  };
  return {
    server,
    patient,
    ask,
    capture: (who, given, whose = patient, key?: string) =>
      ask(who, 'POST', `${whose}/$capture-consent`, parametersFor(given), key),
    async token(name, claims) {
      const asked = { subject: name, client: 'app', organization: 'Organization/initiator', ...claims };
      tokens.set(name, (await server.running.devIssuer?.sign(asked as never)) ?? '');
    },
  };
}

interface Out {
  readonly name: string;
  readonly valueReference?: { readonly reference: Ref };
  readonly resource?: Resource;
}

/** What the answer names. */
export const outOf = ({ json }: Response, name: string): Ref | undefined =>
  (json['parameter'] as readonly Out[] | undefined)?.find((one) => one.name === name)?.valueReference
    ?.reference;

export const responseOf = ({ json }: Response): readonly string[] => {
  const bundle = (json['parameter'] as readonly Out[]).find(({ name }) => name === 'response')?.resource;
  const entries = (bundle?.['entry'] ?? []) as readonly { response: { location?: string } }[];
  return entries.map(({ response }) => response.location ?? '');
};
