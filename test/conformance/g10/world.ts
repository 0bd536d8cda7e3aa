/**
 * The world of the (g)(10) assertions of ONC's certification kit (v8.0.0, its SMART 2.2 branch): an organization with two patients
 * of whom everything is known, a clinician and a patient who sign in by the pages, and an app of each kind. The assertions are
 * ported, not certified: the kit itself does not run here.
 */
import { createHash, randomBytes } from 'node:crypto';
import { patient as patientResource, to } from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';
import {
  askAuth,
  assertionOf,
  BEHIND_PROXY,
  makeKey,
  postForm,
  putClient,
  type AuthAnswer,
  type TestKey,
} from '../../smart.ts';
import { enrolPerson, type CameBack, type SmartPerson } from '../../smart-person.ts';
import { REDIRECT } from '../../people.ts';
import { categorized, clinical } from './clinical.ts';

/** The types that the kit searches by patient (1.7.02 onwards), without Device (docs/limits.md). */
export const SEARCHED = [
  'AllergyIntolerance',
  'CarePlan',
  'CareTeam',
  'Condition',
  'DiagnosticReport',
  'DocumentReference',
  'Goal',
  'Immunization',
  'MedicationRequest',
  'Observation',
  'Procedure',
  'Encounter',
  'ServiceRequest',
  'Coverage',
  'MedicationDispense',
  'Specimen',
] as const;

export const PAGE_ORIGIN = 'https://app.example';

/** How an app proves who it is at the token endpoint. */
export type AppKind = 'public' | 'symmetric' | 'asymmetric';

/** A body of FHIR or of OAuth. */
export type Json = Readonly<Record<string, unknown>>;

type Fields = Readonly<Record<string, string>>;

export interface G10World {
  readonly server: TestServer;
  readonly clinician: SmartPerson;
  /** The patient in person, of whom everything is known. */
  readonly herself: SmartPerson;
  /** Ids. */
  readonly patient: string;
  readonly other: string;
  readonly encounter: string;
  readonly key: TestKey;
  /** Sends a form to the token endpoint as an app of this kind. */
  ask(kind: AppKind, form: Fields, headers?: Fields): Promise<AuthAnswer>;
  /** Redeems what came back to the app. */
  redeem(kind: AppKind, back: CameBack, form?: Fields): Promise<AuthAnswer>;
  refresh(kind: AppKind, tokens: Json, form?: Fields, headers?: Fields): Promise<AuthAnswer>;
  introspect(token: unknown): Promise<AuthAnswer>;
  /** Reads or searches with the access token of an answer; without one, as nobody. */
  get(tokens: Json | undefined, path: string, headers?: Fields): Promise<FhirAnswer>;
  close(): Promise<void>;
}

export interface FhirAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: Json;
}

const SECRET = randomBytes(32).toString('base64url');
const CEILING = ['patient/*.rs', 'user/*.rs', 'offline_access'];

export async function openG10World(): Promise<G10World> {
  const server = await openServer(['recipient'], ...BEHIND_PROXY, '--registration', 'initial-token');
  const { store } = server.running;
  const key = await makeKey('ES384');
  const common = {
    organization: 'Organization/recipient',
    redirectUris: [REDIRECT],
    postLogoutRedirectUris: [REDIRECT],
    launchUri: `${PAGE_ORIGIN}/launch`,
    scopes: CEILING,
    corsOrigins: [PAGE_ORIGIN],
  } as const;
  await putClient(store, 'public', { ...common, name: 'Public App' });
  await putClient(store, 'symmetric', {
    ...common,
    name: 'Symmetric App',
    kind: 'symmetric',
    secretHash: createHash('sha256').update(SECRET).digest('hex'),
  });
  // The EHR's own program, which opens apps.
  await putClient(store, 'dashboard', {
    ...common,
    name: 'Dashboard',
    firstParty: true,
  });
  const keys = [key.publicJwk];
  await putClient(store, 'asymmetric', { ...common, name: 'Key App', kind: 'asymmetric', jwks: { keys } });
  await putClient(store, 'backend', {
    kind: 'service',
    organization: 'Organization/recipient',
    jwks: { keys },
    scopes: ['system/*.rs', 'https://closeloop.dev/scopes/introspect'],
  });

  const practitioner = await server.create('recipient', {
    resourceType: 'Practitioner',
    name: [{ family: 'Noether' }],
  });
  const [patient = '', other = ''] = await Promise.all(
    ['Byron', 'Lovelace'].map(async (family) => {
      const { id } = await server.create(
        'recipient',
        patientResource({ name: [{ family, given: ['Ada'] }] }),
      );
      for (const one of [
        ...categorized(`Patient/${id}`),
        ...clinical(`Patient/${id}`, `Practitioner/${practitioner.id}`),
      ])
        await server.create('recipient', one);
      return id;
    }),
  );
  const [encounter] = await server.search('recipient', `Encounter?patient=${patient}`);
  await server.create('recipient', {
    resourceType: 'ServiceRequest',
    status: 'active',
    intent: 'order',
    code: { text: 'physiotherapy' },
    subject: to(`Patient/${patient}`),
  });
  const clinician = await enrolPerson(server, 'emmy@clinic.example', {
    name: 'Emmy Noether',
    works: { recipient: ['clinician'] },
    links: [{ ref: `Practitioner/${practitioner.id}`, custodian: 'Organization/recipient' }],
  });
  const herself = await enrolPerson(server, 'ada@home.example', {
    name: 'Ada Byron',
    links: [{ ref: `Patient/${patient}`, custodian: 'Organization/recipient' }],
  });

  const ask: G10World['ask'] = async (kind, form, headers = {}) => {
    if (kind === 'public')
      return postForm(server, '/auth/token', { client_id: 'public', ...form }, { origin: PAGE_ORIGIN });
    if (kind === 'symmetric')
      return postForm(server, '/auth/token', form, {
        authorization: `Basic ${Buffer.from(`symmetric:${SECRET}`).toString('base64')}`,
        ...headers,
      });
    const proof = {
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await assertionOf('asymmetric', key),
    };
    return postForm(server, '/auth/token', { ...proof, ...form }, headers);
  };
  return {
    server,
    clinician,
    herself,
    patient,
    other,
    encounter: encounter?.id ?? '',
    key,
    ask,
    redeem: (kind, { params, verifier }, form = {}) =>
      ask(kind, {
        grant_type: 'authorization_code',
        code: params['code'] ?? '',
        code_verifier: verifier,
        redirect_uri: REDIRECT,
        ...form,
      }),
    refresh: (kind, tokens, form = {}, headers = {}) =>
      ask(
        kind,
        { grant_type: 'refresh_token', refresh_token: String(tokens['refresh_token']), ...form },
        headers,
      ),
    async introspect(token) {
      return postForm(server, '/auth/introspect', {
        token: String(token),
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: await assertionOf('backend', key),
      });
    },
    async get(tokens, path, headers = {}) {
      const authorization = tokens && `Bearer ${String(tokens['access_token'])}`;
      const answer = await askAuth(server, `/fhir/${path}`, {
        headers: { ...(authorization !== undefined && { authorization }), ...headers },
      });
      const json = answer.text === '' ? {} : (JSON.parse(answer.text) as Json); // the server sends resources
      return { status: answer.status, headers: answer.headers, json };
    },
    close: () => server.close(),
  };
}

/** The resources of a Bundle. */
export const found = ({ json }: FhirAnswer): readonly Json[] =>
  ((json['entry'] ?? []) as readonly { readonly resource: Json }[]).map(({ resource }) => resource);

/** The claims of a JWT, unverified. */
export const claimsOf = (token: unknown): Json =>
  JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString('utf8')) as Json;
