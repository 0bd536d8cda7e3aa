/** People of one organization, each with a role, as an outside issuer names them: they ask a real server over HTTP. */
import type { Bundle, OperationOutcome, Resource } from '../../../src/fhir/types.ts';
import type { TestServer } from '../../server.ts';

export interface Person {
  readonly roles?: unknown;
  readonly organization?: string;
  readonly scope?: string;
  readonly user?: string;
  readonly subject?: string;
  readonly client?: string;
  /** Seconds since the login; default: just now. */
  readonly ago?: number;
  readonly claims?: Readonly<Record<string, unknown>>;
}

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
  readonly says: string;
  readonly json: Resource;
  readonly headers: Headers;
}

export async function tokenOf({ running }: TestServer, person: Person): Promise<string> {
  const { roles, organization = 'initiator', scope = 'user/*.cruds', user = 'Practitioner/ann' } = person;
  const { subject = 'ann', client = 'app', ago = 0, claims } = person;
  if (running.devIssuer === undefined) throw new Error('a demonstration has an issuer');
  return running.devIssuer.sign({
    subject,
    client,
    scope,
    organization: `Organization/${organization}`,
    claims: {
      ...(roles !== undefined && { roles }),
      ...(user !== '' && { fhirUser: user }),
      sid: `sitting-${subject}`,
      amr: ['mfa'],
      auth_time: Math.floor(Date.now() / 1000) - ago,
      ...claims,
    },
  });
}

export async function askAs(
  server: TestServer,
  person: Person,
  asked: string,
  body?: object | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const [method = 'GET', url = ''] = asked.split(' ');
  const response = await fetch(`http://127.0.0.1:${server.running.port}/fhir/${url}`, {
    method,
    headers: {
      authorization: `Bearer ${await tokenOf(server, person)}`,
      'content-type': method === 'PATCH' ? 'application/json-patch+json' : 'application/fhir+json',
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const json = (text === '' ? {} : JSON.parse(text)) as Resource; // the server sends resources
  return { status: response.status, headers: response.headers, json, ...refusalIn(json) };
}

/** The code of a refusal, and what it says. */
export function refusalIn(json: Resource | undefined): Pick<Answer, 'code' | 'says'> {
  if (json?.resourceType !== 'OperationOutcome') return { code: undefined, says: '' };
  const { issue } = json as unknown as OperationOutcome; // by its type
  return {
    code: issue[0]?.details?.coding?.[0]?.code,
    says: issue.map(({ diagnostics }) => diagnostics ?? '').join('\n'),
  };
}

/** How each entry of a batch is refused; without a code for one that is done. */
export const refusalsIn = (json: Resource): readonly Pick<Answer, 'code' | 'says'>[] =>
  ((json as unknown as Bundle).entry ?? []).map(({ response }) =>
    refusalIn(response?.outcome as unknown as Resource | undefined),
  );
