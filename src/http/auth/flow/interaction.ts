/**
 * What a person does between an app's request and its answer: signs in, says for whom they work, picks the patient, and lets
 * the app in. Each step is a page of its own; what has been done before is not asked again.
 */
import type { Interaction, InteractionResult, Provider } from 'oidc-provider';
import { findAccount } from '../../../accounts/accounts.ts';
import type { FoundSession, Sessions } from '../../../accounts/sessions.ts';
import type { Ref } from '../../../fhir/types.ts';
import { isUsable, type Client } from '../../../identity/client.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Store } from '../../../ports/store.ts';
import type { AuthExchange } from '../exchange.ts';
import { organizationsPage } from '../pages/choices.ts';
import { consentPage } from '../pages/consent.ts';
import { RaceLost, withinUnit } from '../unit.ts';
import type { Consents } from './consents.ts';
import { scopesAsked, type AppRequest, type Chosen, type Decide, type FlowStep } from './decide.ts';
import { isProven, type WantedLogin, wantedOf } from './freshness.ts';
import type { Grants } from './grants.ts';
import type { Launches } from './launches.ts';
import { organizationName, patientName, workplacesOf, roleWords } from './people.ts';
import type { PatientPicker } from './picker.ts';
import { consentLines, grantedOf, OFFLINE } from './scope-words.ts';
import { browserAgent, cookieOf, type TakenForm, type Web } from './web.ts';

interface InteractionParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly web: Web;
  readonly provider: () => Promise<Provider>;
  readonly sessions: Sessions;
  readonly launches: Launches;
  readonly consents: Consents;
  readonly grants: Grants;
  readonly decide: Decide;
  readonly picker: PatientPicker;
  readonly findClient: (id: string) => Promise<Client | undefined>;
}

/** One interaction under way. */
export interface Underway {
  readonly exchange: AuthExchange;
  readonly provider: Provider;
  readonly uid: string;
  readonly interaction: Interaction;
  readonly cookie: string;
  readonly request: AppRequest;
  readonly chosen: Chosen;
}

export function createInteraction(parts: InteractionParts) {
  return {
    routes: [
      ['GET', '/interaction/:uid', (exchange: AuthExchange) => answerGet(parts, exchange)],
      ['POST', '/interaction/:uid', (exchange: AuthExchange) => answerPost(parts, exchange)],
    ] as const,
  };
}

/** The library says by throwing that a browser has no such interaction, or has it no more. */
function nothingFound(error: unknown): undefined {
  if (error instanceof Error && error.name === 'SessionNotFound') return undefined;
  throw error;
}

/** @returns undefined when the browser was sent elsewhere */
async function open(parts: InteractionParts, exchange: AuthExchange): Promise<Underway | undefined> {
  const { store, clock, web, sessions, launches, findClient } = parts;
  const provider = await parts.provider();
  const interaction = await withinUnit(exchange.unit, () =>
    provider.interactionDetails(exchange.req, exchange.res).catch(nothingFound),
  );
  const { uid = '' } = exchange.params;
  if (interaction === undefined || interaction.uid !== uid) {
    web.refuse(exchange, 'expired');
    return undefined;
  }
  const { params } = interaction;
  const clientId = params.client_id ?? '';
  const client = await findClient(clientId);
  if (client === undefined || !isUsable(client, clock.now())) {
    web.refuse(exchange, 'request-invalid');
    return undefined;
  }
  const cookie = cookieOf(exchange, 'session');
  const found = cookie === undefined ? undefined : await sessions.find(cookie);
  if (cookie === undefined || found === undefined) {
    web.go(exchange, web.at(`/login?interaction=${uid}`));
    return undefined;
  }
  if (found.state === 'locked') {
    web.go(exchange, web.at(`/unlock?interaction=${uid}`));
    return undefined;
  }
  const way = wayToProof(found, wantedOf(interaction));
  if (way !== undefined) {
    web.go(exchange, web.at(`${way}?interaction=${uid}`));
    return undefined;
  }
  const account = await findAccount(store.snapshot(), found.session.account);
  if (account?.state !== 'active') {
    web.refuse(exchange, 'no-membership');
    return undefined;
  }
  await sessions.touch(found.id, {
    agent: browserAgent(exchange, { subject: account.id }),
    requestId: exchange.requestId,
  });
  const handle = params['launch'];
  const launch = handle === undefined ? undefined : ((await launches.find(handle)) ?? ('unknown' as const));
  const asked = scopesAsked(params['scope'], found);
  const prompts = new Set((params['prompt'] ?? '').split(' ').filter(Boolean));
  const request: AppRequest = { clientId, client, account, found, asked, prompts, launch };
  return { exchange, provider, uid, interaction, cookie, request, chosen: chosenIn(interaction) };
}

const advance = async (parts: InteractionParts, underway: Underway): Promise<void> => {
  const step = await parts.decide(parts.store.snapshot(), underway.request, underway.chosen);
  await SHOW[step.step](parts, underway, step as never); // the table is by the name of the step
};

async function answerGet(parts: InteractionParts, exchange: AuthExchange): Promise<void> {
  const underway = await open(parts, exchange);
  if (underway !== undefined) await advance(parts, underway);
}

async function answerPost(parts: InteractionParts, exchange: AuthExchange): Promise<void> {
  const { web } = parts;
  const form = await web.take(exchange, cookieOf(exchange, 'session'));
  if (form === undefined) return;
  const underway = await open(parts, exchange);
  if (underway === undefined) return;
  if (form.one('cancel') !== '' || form.one('answer') === 'deny') {
    await finish(parts, underway, { error: 'access_denied', error_description: 'the person said no' });
    return;
  }
  if (form.one('search') !== '') {
    await parts.picker.search(underway, await placeOf(parts, underway), form.one('name'));
    return;
  }
  const taken = await take(parts, underway, form);
  if (taken === undefined) web.refuse(exchange, 'form-refused');
  else await advance(parts, { ...underway, chosen: taken });
}

const placeOf = async (parts: InteractionParts, { request, chosen }: Underway) => {
  const step = await parts.decide(parts.store.snapshot(), request, withoutPatient(chosen));
  return step.step === 'patient' ? step.place : undefined;
};

/** What was chosen, kept with the interaction. */
async function take(
  parts: InteractionParts,
  underway: Underway,
  form: TakenForm,
): Promise<Chosen | undefined> {
  const chosen = await chosenBy(parts, underway, form);
  if (chosen === undefined) return undefined;
  const { exchange, provider } = underway;
  await withinUnit(exchange.unit, () =>
    provider.interactionResult(exchange.req, exchange.res, { chosen }, { mergeWithLastSubmission: false }),
  );
  await exchange.unit.commit();
  return chosen;
}

async function chosenBy(
  parts: InteractionParts,
  underway: Underway,
  form: TakenForm,
): Promise<Chosen | undefined> {
  const { store, clock, sessions } = parts;
  const { request, chosen, exchange } = underway;
  const key = form.one('organization');
  if (key !== '') {
    const places = await workplacesOf(store.snapshot(), request.account, request.found.session, clock.now());
    const place = places.find((one) => one.key === key);
    if (place === undefined) return undefined;
    if (place.organization !== undefined && place.patient === undefined)
      await sessions.switchOrganization(request.found.id, place.organization, {
        agent: browserAgent(exchange, { subject: request.account.id, session: request.found.id }),
        requestId: exchange.requestId,
      });
    return { place: key };
  }
  const id = form.one('patient');
  if (id !== '' && !ID.test(id)) return undefined;
  if (id !== '') {
    const patient: Ref = `Patient/${id}`;
    const place = await placeOf(parts, underway);
    const isSeen = place !== undefined && (await parts.picker.canSee(underway, place, patient));
    return isSeen ? { ...chosen, patient } : undefined;
  }
  if (form.one('answer') !== 'allow') return undefined;
  const { asked } = request;
  const granted = grantedOf(asked, new Set(form.all('scope')), form.one('offline') === 'yes');
  return { ...chosen, granted };
}

/** An id of FHIR: what is chosen is a Patient, and nothing below one. */
const ID = /^[A-Za-z0-9.-]{1,64}$/;

const withoutPatient = ({ place }: Chosen): Chosen => (place === undefined ? {} : { place });

/** Kept in the library's record of the interaction. */
const chosenIn = ({ result }: Interaction): Chosen => result?.['chosen'] ?? {}; // written by `take`

/** The page on which the person proves what is wanted; undefined: it is proven. */
function wayToProof(found: FoundSession, wanted: WantedLogin): '/login' | '/enrol' | undefined {
  if (found.session.acr === 'urn:closeloop:acr:enrol') return '/enrol';
  return isProven(found.session, wanted) ? undefined : '/login';
}

type Show<S extends FlowStep['step']> = (
  parts: InteractionParts,
  underway: Underway,
  step: Extract<FlowStep, { readonly step: S }>,
) => Promise<void>;

const SHOW: { readonly [S in FlowStep['step']]: Show<S> } = {
  async place({ web }, { exchange, uid, cookie, interaction }, { places }) {
    const page = organizationsPage({
      form: web.form(`/interaction/${uid}`, cookie),
      memberships: places.map(({ key, name, roles }) => ({
        organization: key,
        name,
        roles: roleWords(roles),
      })),
    });
    web.show(exchange, page, { policy: { leadsTo: interaction.params['redirect_uri'] } });
  },

  patient: ({ picker }, underway, { place }) => picker.show(underway, place),

  async consent({ web, store }, { exchange, uid, cookie, interaction, request }, { place, patient }) {
    const { asked, client } = request;
    const snapshot = store.snapshot();
    const leadsTo = interaction.params['redirect_uri'] ?? '';
    const { organization } = place;
    const page = consentPage({
      form: web.form(`/interaction/${uid}`, cookie),
      app: client.name,
      host: hostOf(leadsTo),
      patient: patient && (await patientName(snapshot, patient)),
      organization: organization && (await organizationName(snapshot, organization)),
      lines: consentLines(asked),
      offline: asked.includes(OFFLINE),
    });
    web.show(exchange, page, { policy: { leadsTo } });
  },

  async grant(parts, underway, { granted, context, endsAt }) {
    const { exchange, provider, request, chosen } = underway;
    const { account, clientId, client, asked, found } = request;
    const grantId = await withinUnit(exchange.unit, async () => {
      if (chosen.granted !== undefined && client.firstParty !== true)
        parts.consents.remember(exchange.unit, {
          account: account.id,
          client: clientId,
          organization: context.organization,
          asked,
          granted: chosen.granted,
          patient: context.patient,
        });
      useLaunch(parts, underway);
      return parts.grants.make(provider, exchange.unit, {
        account: account.id,
        client: clientId,
        granted,
        context,
        endsAt,
      });
    });
    const { authenticatedAt, acr, amr } = found.session;
    const login = { accountId: account.id, ts: Math.floor(authenticatedAt / 1000), acr, amr };
    await finish(parts, underway, { login, consent: { grantId } });
  },

  refuse: (parts, underway, { error, says }) => finish(parts, underway, { error, error_description: says }),
};

function useLaunch(
  { launches }: InteractionParts,
  { exchange, interaction, request: { launch } }: Underway,
): void {
  const handle = interaction.params['launch'];
  if (handle !== undefined && typeof launch === 'object') launches.use(exchange.unit, handle, launch);
}

/** Back to the library, which answers the app. */
async function finish(
  { web }: InteractionParts,
  { exchange, provider }: Underway,
  result: InteractionResult,
): Promise<void> {
  try {
    const to = await withinUnit(exchange.unit, async () => {
      const back = await provider.interactionResult(exchange.req, exchange.res, result, {
        mergeWithLastSubmission: false,
      });
      await exchange.unit.commit();
      return back;
    });
    web.go(exchange, to);
  } catch (error) {
    if (!(error instanceof RaceLost)) throw error;
    web.refuse(exchange, 'launch-invalid');
  }
}

/** Whom a person would know: the host, or the scheme of an app on the same machine. */
const hostOf = (address: string): string => {
  const { host, protocol } = new URL(address);
  return host === '' ? protocol : host;
};
