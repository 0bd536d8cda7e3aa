/**
 * What stands between an authorization request and its code, decided in one place: where the person works, which patient it is
 * about, and what the app may do. Without a page (prompt=none, what was allowed before) and with pages it is the same decision.
 */
import { createHash } from 'node:crypto';
import type { KnownAccount } from '../../../accounts/accounts.ts';
import type { FoundSession } from '../../../accounts/sessions.ts';
import type { Ref } from '../../../fhir/types.ts';
import type { Client } from '../../../identity/client.ts';
import { sessionEnd } from '../../../identity/session.ts';
import { parseScope } from '../../../smart/scopes.ts';
import type { Snapshot } from '../../../ports/store.ts';
import type { GrantContext } from '../records.ts';
import type { Consents } from './consents.ts';
import type { KnownLaunch } from './launches.ts';
import { workplacesOf, type Place } from './people.ts';
import { OFFLINE, ONLINE } from './scope-words.ts';

/**
 * The words that an app asks for. A login that somebody's provider vouches for is asked about as long as it lasts, and no longer:
 * what an app gets by it ends with its session, so that whoever is gone there is gone here (identity ID-46).
 */
export const scopesAsked = (text: string | undefined, { session }: FoundSession): readonly string[] => {
  const words = (text ?? '').split(' ').filter(Boolean);
  if (session.provider === undefined) return words;
  return [...new Set(words.map((word) => (word === OFFLINE ? ONLINE : word)))];
};

/** What an app asks for, and who is there. */
export interface AppRequest {
  readonly clientId: string;
  readonly client: Client;
  readonly account: KnownAccount;
  readonly found: FoundSession;
  /** In the order of the request. */
  readonly asked: readonly string[];
  readonly prompts: ReadonlySet<string>;
  /** The launch that the request names; `unknown`: it names one that is used or over. */
  readonly launch: KnownLaunch | 'unknown' | undefined;
}

/** What the person has chosen on the pages so far. */
export interface Chosen {
  readonly place?: string;
  readonly patient?: Ref;
  readonly granted?: readonly string[];
}

/** What comes next. */
export type FlowStep =
  | { readonly step: 'place'; readonly places: readonly Place[] }
  | { readonly step: 'patient'; readonly place: Place }
  | { readonly step: 'consent'; readonly place: Place; readonly patient: Ref | undefined }
  | {
      readonly step: 'grant';
      readonly granted: readonly string[];
      readonly context: GrantContext;
      readonly endsAt: number | undefined;
    }
  | { readonly step: 'refuse'; readonly error: 'access_denied' | 'invalid_request'; readonly says: string };

interface DecideParts {
  readonly consents: Pick<Consents, 'recall'>;
  readonly now: () => number;
  /** Where the style of apps is found. */
  readonly styleUrl: string;
  /** The FHIR base: part of what names a tenant. */
  readonly base: string;
}

export function createDecide(parts: DecideParts) {
  const { consents, now } = parts;
  return async (snapshot: Snapshot, request: AppRequest, chosen: Chosen): Promise<FlowStep> => {
    const { account, client, clientId, found, asked, launch } = request;
    if (launch === 'unknown') return refuse('invalid_request', 'the launch is unknown, used or over');
    if (launch !== undefined && !isOfSession(launch, found, clientId))
      return refuse('access_denied', 'the launch was made by somebody else, or in another session');

    const places = await workplacesOf(snapshot, account, found.session, now());
    const place = placeFor(places, request, chosen);
    if (place === undefined && places.length === 0)
      return refuse('access_denied', 'no organization has given the person a place');
    if (place === undefined) return { step: 'place', places };

    const patient = launch?.launch.patient ?? place.patient ?? chosen.patient;
    if (patient === undefined && needsPatient(asked)) {
      if (place.organization === undefined)
        return refuse('access_denied', 'the installation keeps no patients');
      return { step: 'patient', place };
    }

    const { organization } = place;
    const recalled =
      client.firstParty === true
        ? asked
        : request.prompts.has('consent')
          ? undefined
          : await consents.recall({ account: account.id, client: clientId, organization, asked, patient });
    const granted = chosen.granted ?? recalled;
    if (granted === undefined) return { step: 'consent', place, patient };
    if (granted.length === 0) return refuse('access_denied', 'the person allowed nothing');

    const isOnline = !granted.includes(OFFLINE);
    const context = contextOf(parts, {
      request,
      place,
      patient: hasPatient(granted) ? patient : undefined,
      isOnline,
    });
    return {
      step: 'grant',
      granted: granted.filter((scope) => isGiven(scope, context)),
      context,
      endsAt: isOnline ? sessionEnd(found.session) : undefined,
    };
  };
}

interface Settled {
  readonly request: AppRequest;
  readonly place: Place;
  readonly patient: Ref | undefined;
  readonly isOnline: boolean;
}

function contextOf(
  { styleUrl, base }: Pick<DecideParts, 'styleUrl' | 'base'>,
  { request: { found, launch }, place: { organization }, patient, isOnline }: Settled,
): GrantContext {
  const of = typeof launch === 'object' ? launch.launch : undefined;
  return {
    ...(organization !== undefined && { organization, tenant: tenantOf(base, organization) }),
    ...(patient !== undefined && { patient }),
    ...(of?.encounter !== undefined && { encounter: of.encounter }),
    ...(of !== undefined && of.fhirContext.length > 0 && { fhirContext: of.fhirContext }),
    ...(of?.intent !== undefined && { intent: of.intent }),
    needPatientBanner: of?.needPatientBanner ?? true,
    smartStyleUrl: styleUrl,
    ...(of !== undefined && { launch: of.id }),
    session: found.id,
    ...(isOnline && { online: true as const }),
  };
}

/** Opaque, and the same for all users of an organization. */
const tenantOf = (base: string, organization: Ref): string =>
  createHash('sha256').update(`${base}\n${organization}`).digest('base64url').slice(0, 22);

export type Decide = ReturnType<typeof createDecide>;

const refuse = (error: 'access_denied' | 'invalid_request', says: string): FlowStep => ({
  step: 'refuse',
  error,
  says,
});

const isOfSession = ({ launch }: KnownLaunch, { id, session }: FoundSession, client: string): boolean =>
  launch.session === id && launch.account === session.account && launch.client === client;

/** The launch says it, or the person, or the session; where there is one place, nobody needs to. */
function placeFor(
  places: readonly Place[],
  { found, launch }: AppRequest,
  chosen: Chosen,
): Place | undefined {
  if (typeof launch === 'object') {
    const at = places.filter(({ organization }) => organization === launch.launch.organization);
    return (
      at.find(({ patient }) => patient === undefined) ??
      at.find(({ patient }) => patient === launch.launch.patient)
    );
  }
  if (chosen.place !== undefined) return places.find(({ key }) => key === chosen.place);
  if (places.length === 1) return places[0];
  const { organization } = found.session;
  if (organization === undefined) return undefined;
  const there = places.filter((place) => place.organization === organization);
  return there.length === 1 ? there[0] : undefined;
}

/** `launch/patient`, or scopes of a patient, which need one (smart SM-10). */
const needsPatient = (asked: readonly string[]): boolean =>
  asked.includes('launch/patient') || asked.some((scope) => parseScope(scope)?.level === 'patient');

const hasPatient = (granted: readonly string[]): boolean =>
  needsPatient(granted) || granted.includes('launch');

/** Whether the context that a scope asks for is given: what is not is ignored, and not in the granted scope (smart SM-11). */
function isGiven(scope: string, { patient, encounter, fhirContext = [] }: GrantContext): boolean {
  const [, type] = /^launch\/([a-z]+)/.exec(scope) ?? [];
  if (type === undefined) return true;
  if (type === 'patient') return patient !== undefined;
  if (type === 'encounter') return encounter !== undefined;
  return fhirContext.some((one) =>
    String((one as { reference?: string }).reference)
      .toLowerCase()
      .startsWith(`${type}/`),
  );
}
