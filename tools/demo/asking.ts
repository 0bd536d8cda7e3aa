/** Asks the demonstration's server over HTTP as one of its organizations. */
import type { OperationOutcome, Ref, Resource } from '../../src/fhir/types.ts';
import type { World } from './world.ts';

/** Asks as somebody; what the server answers, whatever it is. */
export type Ask = (method: 'GET' | 'POST' | 'PUT', url: string, body?: object) => Promise<Answer>;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: Resource;
}

/** A token of a machine of a further organization. */
export async function tokenOf({ running }: World, organization: Ref, subject: string): Promise<string> {
  const claims = { subject, client: `${subject}-ehr`, scope: 'system/*.cruds' };
  const token = await running.devIssuer?.sign({ ...claims, organization });
  if (token === undefined) throw new Error('the demonstration needs its own issuer');
  return token;
}

export const askingAs =
  ({ base }: World, token: string): Ask =>
  async (method, url, body) => {
    const response = await fetch(url.startsWith('http') ? url : `${base}/${url}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, json: (await response.json()) as Resource };
  };

/** What was answered, where it is no refusal. */
export function done({ status, json }: Answer): Resource {
  if (status < 300) return json;
  throw new Error(`the server refused: ${status} ${JSON.stringify(json)}`);
}

export const refOf = ({ resourceType, id = '' }: Resource): Ref => `${resourceType}/${id}`;

/** The codes of a refusal, and its first sentence. */
export function refusalOf({ json }: Answer): string {
  const { issue } = json as unknown as OperationOutcome; // a refusal is an outcome
  const codes = (issue[0]?.details?.coding ?? []).map(({ code }) => code).join(' · ');
  return `${codes}: ${issue[0]?.diagnostics ?? ''}`;
}
