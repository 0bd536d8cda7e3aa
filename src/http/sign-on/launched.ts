/**
 * The page on which a launch by an EHR ends: the referrals of the patient that it named, asked for in the person's own name with
 * the rights of now, and audited as any other request (smart SM-83). The EHR's tokens stay here (smart SM-84).
 */
import { findOutsideSession, openTokens, type LaunchContext } from '../../accounts/outside-sessions.ts';
import { findProvider } from '../../accounts/providers.ts';
import type { FoundSession, Sessions } from '../../accounts/sessions.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Bundle, Ref, Resource } from '../../fhir/types.ts';
import { ACR } from '../../identity/assurance.ts';
import type { PatientNumber } from '../../identity/ehr.ts';
import { isRole } from '../../identity/roles.ts';
import type { Seal } from '../../identity/seal.ts';
import type { Caller, Perform, Reply } from '../../operations/request.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import type { Store } from '../../ports/store.ts';
import { parseScopes } from '../../smart/scopes.ts';
import type { AuthExchange, AuthRoute } from '../auth/exchange.ts';
import { byOf } from '../auth/flow/entry.ts';
import { nameOf, organizationName } from '../auth/flow/people.ts';
import type { Web } from '../auth/flow/web.ts';
import type { People } from '../auth/identify.ts';
import { SESSION_COOKIE } from '../auth/provider.ts';
import { isFramed } from './launch-doors.ts';
import { launchObstaclePage, referralsPage, type LaunchObstacle, type ReferralLine } from './launch-pages.ts';
import { EMBEDDED_COOKIE, readCookie } from './question.ts';

interface LaunchedParts {
  readonly store: Pick<Store, 'snapshot'>;
  readonly web: Web;
  readonly sessions: Pick<Sessions, 'find' | 'touch'>;
  readonly people: Pick<People, 'acting'>;
  readonly perform: Perform;
  readonly seal: () => Promise<Seal | undefined>;
}

export const launchedRoutes = (parts: LaunchedParts): readonly AuthRoute[] => [
  ['GET', '/launched', (exchange) => show(parts, exchange)],
];

const SHOWN_MAX = 50;
/** What the page asks for, whatever the role allows beside it. */
const SCOPES = parseScopes('user/Patient.rs user/Task.rs user/ServiceRequest.rs');

/** A launch whose session lives. */
interface Shown extends LaunchedParts {
  readonly exchange: AuthExchange;
  readonly found: FoundSession;
  readonly caller: Caller;
  readonly organization: Ref;
  readonly launch: LaunchContext;
  readonly frames: readonly string[];
}

async function show(parts: LaunchedParts, exchange: AuthExchange): Promise<void> {
  const { web, store, sessions } = parts;
  const framed = isFramed(exchange);
  const cookie = readCookie(exchange.req.headers.cookie, framed ? EMBEDDED_COOKIE : SESSION_COOKIE);
  const found = cookie === undefined ? undefined : await sessions.find(cookie);
  const snapshot = store.snapshot();
  const outside = found && (await findOutsideSession(snapshot, found.id));
  const provider = outside && (await findProvider(snapshot, outside.provider));
  if (found === undefined || outside === undefined || provider?.ehr === undefined)
    return refuse(parts, exchange, 'launch-over', []);
  const isEmbedded = found.session.embedded === true;
  const frames = isEmbedded ? provider.ehr.embeddingOrigins : [];
  const launch = openTokens(outside, await parts.seal())?.launch;
  if (launch === undefined || isEmbedded !== framed) return refuse(parts, exchange, 'launch-over', frames);
  if (found.state === 'locked')
    return isEmbedded
      ? refuse(parts, exchange, 'launch-over', frames)
      : web.go(exchange, web.at('/unlock?page=launched'));
  if (found.session.acr === ACR.enrol) return web.go(exchange, web.at('/sign-on-factor?page=launched'));
  // A window shows the launch by which it was opened, and never that of a patient who was opened after it.
  const asked = exchange.query.get('launch');
  if (asked === null) return web.go(exchange, web.at(`/launched?launch=${found.id}`));
  const caller = asked === found.id ? await callerOf(parts, exchange, found) : undefined;
  const { organization } = found.session;
  if (caller === undefined || organization === undefined)
    return refuse(parts, exchange, asked === found.id ? 'no-place' : 'launch-over', frames);
  await sessions.touch(found.id, byOf(exchange, found.session.account, found.id));
  await showReferrals({ ...parts, exchange, found, caller, organization, launch, frames });
}

function refuse(
  { web }: Pick<LaunchedParts, 'web'>,
  exchange: AuthExchange,
  obstacle: LaunchObstacle | 'no-place',
  frames: readonly string[],
): void {
  const { status, ...page } = launchObstaclePage(obstacle);
  web.show(exchange, page, { status, policy: { frames } });
}

/** The person with the rights of now; undefined where there are none. */
async function callerOf(
  { store, people }: LaunchedParts,
  { clientIp }: AuthExchange,
  { id, session }: FoundSession,
): Promise<Caller | undefined> {
  const { account, organization, provider = '' } = session;
  const at = { organization, patient: undefined, session: id };
  const person = await people.acting(store.snapshot(), account, at);
  if (person === undefined) return undefined;
  return {
    organization,
    administrator: false,
    scopes: SCOPES,
    patient: undefined,
    client: `launch ${provider}`,
    subject: account,
    account,
    user: person.user,
    userName: person.name,
    address: clientIp,
    onBehalfOf: undefined,
    purposes: ['TREAT'],
    authenticatedAt: session.authenticatedAt,
    methods: session.amr,
    session: id,
    tab: undefined,
    roles: person.roles.filter((role) => isRole(role)).filter((role) => role !== 'sys-admin'),
  };
}

async function showReferrals(shown: Shown): Promise<void> {
  const { exchange, web, launch, frames, store, organization } = shown;
  if (launch.patient === undefined) return refuse(shown, exchange, 'no-patient', frames);
  try {
    const [patient, ...others] = launch.patient.length === 0 ? [] : await patientsBy(shown, launch.patient);
    if (patient === undefined) return refuse(shown, exchange, 'patient-unknown', frames);
    if (others.length > 0) return refuse(shown, exchange, 'patient-several', frames);
    const { lines, more } = await referralsOf(shown, `Patient/${String(patient['id'])}`);
    const page = referralsPage({
      organization: await organizationName(store.snapshot(), organization),
      banner: launch.needsBanner ? bannerOf(patient, launch.patient) : undefined,
      referrals: lines,
      more,
    });
    web.show(exchange, page, { policy: { frames } });
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    refuse(shown, exchange, 'no-place', frames);
  }
}

/** FHIR's separators within a value. */
const escaped = (text: string): string => text.replace(/[\\,|$]/g, String.raw`\$&`);

const patientsBy = async (shown: Shown, numbers: readonly PatientNumber[]): Promise<readonly Resource[]> => {
  const values = numbers.map(({ system, value }) => `${escaped(system)}|${escaped(value)}`);
  const found = await search(shown, 'Patient', [
    ['identifier', values.join(',')],
    ['_count', '3'],
  ]);
  return found.filter(({ resourceType }) => resourceType === 'Patient');
};

async function referralsOf(
  shown: Shown,
  patient: Ref,
): Promise<{ readonly lines: readonly ReferralLine[]; readonly more: boolean }> {
  const found = await search(shown, 'Task', [
    ['patient', patient],
    ['code', 'fulfill'],
    ['_include', 'Task:focus'],
    ['_sort', '-_lastUpdated'],
    ['_count', String(SHOWN_MAX + 1)],
  ]);
  const requests = new Map(found.map((one) => [`${one.resourceType}/${String(one['id'])}`, one]));
  const tasks = found.filter(({ resourceType }) => resourceType === 'Task');
  const lines = tasks.slice(0, SHOWN_MAX).map((task) => lineOf(task, requests));
  return { lines, more: tasks.length > SHOWN_MAX };
}

async function search(
  { perform, exchange, caller }: Shown,
  type: string,
  query: readonly (readonly [string, string])[],
): Promise<readonly Resource[]> {
  const reply = await perform({
    interaction: 'search-type',
    type,
    query,
    queryText: new URLSearchParams(query.map(([name, value]): [string, string] => [name, value])).toString(),
    prefer: {},
    caller,
    requestId: exchange.requestId,
    signal: new AbortController().signal,
  });
  return (bundleOf(reply).entry ?? []).flatMap(({ resource }) => (resource as Resource | undefined) ?? []); // as stored
}

/** A search answers a Bundle: a text where its entries are as stored. */
const bundleOf = ({ text, resource }: Reply): Bundle =>
  text === undefined ? (resource as unknown as Bundle) : parseStored<Bundle>(text);

/** What is read of a CodeableConcept, and of a Reference. */
interface Words {
  readonly text?: string;
  readonly coding?: readonly { readonly display?: string; readonly code?: string }[];
  readonly display?: string;
  readonly reference?: string;
}

const wordsOf = (value: unknown): string | undefined => {
  const { text, coding = [], display } = (value ?? {}) as Words; // as stored
  return text ?? display ?? coding[0]?.display ?? coding[0]?.code;
};

function lineOf(task: Resource, requests: ReadonlyMap<string, Resource>): ReferralLine {
  const request = requests.get(((task['focus'] ?? {}) as Words).reference ?? '');
  const date = task['authoredOn'] ?? request?.['authoredOn'];
  const parties = [wordsOf(task['requester']), wordsOf(task['owner'])].filter((one) => one !== undefined);
  return {
    title: wordsOf(request?.['code']) ?? wordsOf(task['description']) ?? 'Referral',
    state: wordsOf(task['businessStatus']) ?? String(task['status']),
    date: typeof date === 'string' ? date.slice(0, 10) : undefined,
    parties: parties.length === 0 ? undefined : parties.join(' to '),
  };
}

function bannerOf(patient: Resource, numbers: readonly PatientNumber[]) {
  const birthDate = patient['birthDate'];
  return {
    name: nameOf(patient) ?? 'A patient without a name',
    birthDate: typeof birthDate === 'string' ? birthDate : undefined,
    number: numbers[0]?.value,
  };
}
