/**
 * What the library asks of the front: which grant a request may go on with, when a person has to be asked, and how an error
 * looks that goes to nobody's app (smart SM-18, SM-19).
 */
import type { Context, ErrorOut, Grant, InteractionPolicy } from 'oidc-provider';
import { findAccount } from '../../../accounts/accounts.ts';
import type { Sessions } from '../../../accounts/sessions.ts';
import { isUsable, type Client } from '../../../identity/client.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Store } from '../../../ports/store.ts';
import type { FrontHooks, OidcModule } from '../provider.ts';
import { currentUnit } from '../unit.ts';
import { scopesAsked, type Decide, type FlowStep } from './decide.ts';
import { acrAsked, ACR_REASON, reachesOne } from './freshness.ts';
import type { createFront } from './front.ts';
import type { Grants } from './grants.ts';
import type { Launches } from './launches.ts';
import { pageHeaders } from '../pages/headers.ts';
import type { PageFiles } from '../pages/layout.ts';
import { renderPage } from '../pages/layout.ts';
import { refusalPage } from '../pages/refusals.ts';
import { cookieOf } from './web.ts';

interface Parts {
  readonly store: Store;
  readonly clock: Clock;
  readonly sessions: Sessions;
  readonly launches: Launches;
  readonly grants: Grants;
  readonly decide: Decide;
  readonly front: Pick<ReturnType<typeof createFront>, 'checks'>;
  readonly findClient: (id: string) => Promise<Client | undefined>;
  readonly files: PageFiles;
}

export function createHooks(parts: Parts): FrontHooks {
  /** What a page would have to ask, by request. */
  const pending = new WeakMap<Context, FlowStep['step']>();

  return {
    checks: (library) => parts.front.checks(library),

    async loadExistingGrant(ctx) {
      const { provider, result } = ctx.oidc;
      const chosen = result?.consent?.grantId;
      const grant =
        chosen === undefined ? await grantSilently(parts, ctx, pending) : await provider.Grant.find(chosen);
      if (grant !== undefined) narrow(ctx, grant);
      return grant;
    },

    policy: (library) => createPolicy(library, pending),

    renderError(ctx, out: ErrorOut, error) {
      const status = error.statusCode ?? 400;
      const isOver = error.name === 'SessionNotFound';
      const { title, body } = refusalPage(
        isOver ? 'expired' : 'request-invalid',
        `${out.error}: ${out.error_description ?? ''}`,
      );
      for (const [name, value] of Object.entries(pageHeaders({}))) ctx.set(name, value);
      ctx.body = renderPage({ title, body }, parts.files);
      ctx.status = status;
    },
  };
}

/** Code and tokens are for the scope of the grant, which may be another one than the app asked for. */
function narrow(ctx: Context, grant: Grant): void {
  const [resource = ''] = Object.keys(ctx.oidc.resourceServers);
  ctx.oidc.params['scope'] = grant.getResourceScope(resource);
}

/** Everything that would be asked has an answer already: no page is needed. */
async function grantSilently(
  { store, clock, sessions, launches, grants, decide, findClient }: Parts,
  ctx: Context,
  pending: WeakMap<Context, FlowStep['step']>,
): Promise<Grant | undefined> {
  const { params, provider, client, session } = ctx.oidc;
  const unit = currentUnit();
  const cookie = cookieOf({ req: ctx.req }, 'session');
  const isAsking = (params['prompt'] ?? 'none') !== 'none' || needsLogin(ctx);
  if (unit === undefined || cookie === undefined || client === undefined || isAsking) return undefined;
  const registered = await findClient(client.clientId);
  const found = await sessions.find(cookie);
  const snapshot = store.snapshot();
  const account = await findAccount(snapshot, session?.accountId ?? '');
  if (found?.state !== 'live' || account === undefined || registered === undefined) return undefined;
  if (!isUsable(registered, clock.now())) return undefined;
  const handle = params['launch'];
  const launch = handle === undefined ? undefined : ((await launches.find(handle)) ?? ('unknown' as const));
  const asked = scopesAsked(params['scope'], found);
  const request = {
    clientId: client.clientId,
    client: registered,
    account,
    found,
    asked,
    prompts: new Set<string>(),
    launch,
  };
  const step = await decide(snapshot, request, {});
  pending.set(ctx, step.step);
  if (step.step !== 'grant') return undefined;
  if (handle !== undefined && typeof launch === 'object') launches.use(unit, handle, launch);
  const { granted, context, endsAt } = step;
  const id = await grants.make(provider, unit, {
    account: account.id,
    client: client.clientId,
    granted,
    context,
    endsAt,
  });
  return provider.Grant.find(id);
}

/** Whether the login is too old or not good enough for the request. */
function needsLogin({ oidc: { params, session, result } }: Context): boolean {
  if (result?.login !== undefined) return false;
  const maxAge = params['max_age'];
  if (maxAge !== undefined && session?.past(Number(maxAge)) === true) return true;
  return !reachesOne(session?.acr, acrAsked(params['acr_values']));
}

const isGranted = ({ oidc }: Context): boolean => oidc.grant?.jti !== undefined;

function createPolicy(
  { interactionPolicy }: OidcModule,
  pending: WeakMap<Context, FlowStep['step']>,
): InteractionPolicy {
  const { Check, Prompt } = interactionPolicy;
  const policy = interactionPolicy.base();
  policy
    .get('login')
    ?.checks.add(
      new Check(
        ACR_REASON,
        'a better login is needed',
        'login_required',
        ({ oidc }) =>
          oidc.result?.login === undefined &&
          !reachesOne(oidc.session?.acr, acrAsked(oidc.params['acr_values'])),
      ),
    );
  policy.remove('consent');
  const asks =
    (steps: readonly FlowStep['step'][]) =>
    (ctx: Context): boolean =>
      !isGranted(ctx) && steps.includes(pending.get(ctx) ?? 'consent');
  policy.add(
    new Prompt(
      { name: 'context' },
      new Check(
        'context_missing',
        'the person has to choose',
        'interaction_required',
        asks(['place', 'patient']),
      ),
    ),
  );
  policy.add(
    new Prompt(
      { name: 'consent', requestable: true },
      new Check(
        'not_granted',
        'the person has to let the app in',
        'consent_required',
        asks(['consent', 'refuse', 'grant']),
      ),
    ),
  );
  return policy;
}
