/** What every door speaks: a request, who asks, and the reply. */
import type { Body } from '../fhir/body.ts';
import type { IssueDetail } from '../fhir/issue.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import type { RoleView } from '../identity/role-view.ts';
import { isIndividual, type Role } from '../identity/roles.ts';
import { hiddenFrom } from '../policies/access.ts';
import type { Associate } from '../messaging/masked.ts';
import type { Purpose } from '../policies/purpose.ts';
import { EVERYTHING, type Narrowing, type OpenAgreements, type Sight } from '../ports/query.ts';
import type { PlacedFile } from '../ports/stored-file.ts';
import { allNarrowed } from './narrowing.ts';
import type { Scope } from '../smart/scopes.ts';
import type { ServerScope } from '../smart/server-scopes.ts';

/** FHIR's own codes (http://hl7.org/fhir/restful-interaction), and the few conditional forms they have. */
export type Interaction =
  | 'read'
  | 'vread'
  | 'update'
  | 'patch'
  | 'delete'
  | 'history-instance'
  | 'history-type'
  | 'history-system'
  | 'create'
  | 'search-type'
  | 'search-system'
  | 'transaction'
  | 'batch'
  | 'operation';

/** Interactions that are done for their answer alone; an operation may be one. */
export const READS: ReadonlySet<string> = new Set<Interaction>([
  'read',
  'vread',
  'search-type',
  'search-system',
  'history-instance',
  'history-type',
  'history-system',
]);

/** What is known of the login behind a request. A caller that did not log in is {@link WITHOUT_LOGIN}. */
export interface Login {
  /** What for it asks: what the token claims, else the usual purpose of such a caller. None: nobody logged in. */
  readonly purposes: readonly Purpose[];
  /** When the person proved who they are, in milliseconds since 1970. */
  readonly authenticatedAt: number | undefined;
  /** How: words of RFC 8176, as `pwd`, `otp`, `mfa`. */
  readonly methods: readonly string[];
  /** One sitting: the issuer's session, or else the token. Never the token's text. */
  readonly session: string | undefined;
  /** Where within the session, as the client says (X-Tab-Id): evidence of a place, never of a person. */
  readonly tab: string | undefined;
  /**
   * The roles of the person (identity 2); empty: none, and nothing is allowed. undefined: roles are not asked, the scopes alone
   * bound the caller: a service client, a message, this machine.
   */
  readonly roles: readonly Role[] | undefined;
}

/** A message, a command of this machine, or the server itself. */
export const WITHOUT_LOGIN: Login = {
  purposes: [],
  authenticatedAt: undefined,
  methods: [],
  session: undefined,
  tab: undefined,
  roles: undefined,
};

/** A grant of emergency access that runs (compliance E1). */
export interface RunningGrant {
  /** The key of its record. */
  readonly key: string;
  /** Patient/id: whose denials it lifts. */
  readonly patient: Ref;
}

/** Who asks. Comes from the token alone (rules 2.5), but for the address and the tab. */
export interface Caller extends Login {
  /** The organization the caller is; undefined for an administrator who acts for nobody. */
  readonly organization: Ref | undefined;
  /** Sees everything; acts in a referral only for a named organization (rules 1.8). */
  readonly administrator: boolean;
  readonly scopes: readonly Scope[];
  /** Scopes of this server beside them; absent: none. */
  readonly serverScopes?: readonly ServerScope[] | undefined;
  /** The patient of a SMART patient launch: `Patient/id`. */
  readonly patient: Ref | undefined;
  readonly client: string;
  readonly subject: string;
  /** The account of this server that logged in; absent for clients, messages and tokens of other issuers. */
  readonly account?: string | undefined;
  /** The user's own resource, where the token was asked for to know who logs in: it may be read whatever the scopes (smart SM-53). */
  readonly profile?: Ref | undefined;
  /** The token's fhirUser. */
  readonly user: string | undefined;
  /** The user's name, where it is a clinician's. */
  readonly userName?: string | undefined;
  readonly address: string | undefined;
  /** The organization an administrator acts for, already copied to `organization`. */
  readonly onBehalfOf: Ref | undefined;
  /**
   * Who speaks, where that is no member: what it writes is kept by `organization`, which received it (harmony Z45). Only
   * messages have it.
   */
  readonly speaker?: Ref | undefined;
  /** Why it looks at what its role sees for a reason alone (harmony Z8). */
  readonly reason?: string | undefined;
  /** The row of the payload table by which the organization is told (compliance M2); set by the one path. */
  readonly payload?: string | undefined;
  /**
   * With whom the agreements of the organization are in force, as of the request; absent where it does not work for others
   * (baa-messaging BA13); set by the one path.
   */
  readonly agreements?: OpenAgreements | undefined;
  /** The grants under which it reads; absent: none. */
  readonly emergency?: readonly RunningGrant[];
}

/** The party for which a caller acts in a referral: the speaker of a message, else its own organization. */
export const actorOf = ({ speaker, organization }: Caller): Ref | undefined => speaker ?? organization;

/** The caller's organization as one that works for others; undefined where it does not. */
export const associateIn = ({
  administrator,
  organization,
  agreements,
}: Pick<Caller, 'administrator' | 'agreements' | 'organization'>): Associate | undefined =>
  administrator || organization === undefined || agreements === undefined
    ? undefined
    : { organization, ...agreements };

/** By which roles a person of the organization looks; undefined where no role masks anything. */
export const roleViewOf = ({ roles, reason }: Pick<Caller, 'roles' | 'reason'>): RoleView | undefined =>
  roles === undefined || isIndividual(roles) ? undefined : { roles, forReason: reason !== undefined };

/** The caller's clause (rules 2.6). A caller without organization who is no administrator never gets this far. */
export function sightOf(
  caller: Caller,
  patientOnly = false,
  narrow: Narrowing | undefined = allNarrowed(caller, 'r'),
): Sight {
  if (caller.administrator) return narrow === undefined ? EVERYTHING : { ...EVERYTHING, narrow };
  if (caller.organization === undefined) throw new Error('a caller must have an organization');
  const { organization, patient, payload, agreements, emergency, user } = caller;
  const view = roleViewOf(caller);
  const isOfOne = patientOnly || isIndividual(caller.roles);
  const hidden = isOfOne && patient !== undefined ? hiddenFrom(user) : [];
  return {
    everything: false,
    organization,
    ...(isOfOne && patient !== undefined && { patient }),
    ...(hidden.length > 0 && { hidden }),
    ...(payload !== undefined && { payload }),
    ...(agreements !== undefined && { agreements }),
    ...(view !== undefined && { view }),
    ...(narrow !== undefined && { narrow }),
    ...(emergency !== undefined && { lifted: emergency.map((grant) => grant.patient) }),
  };
}

export interface Request {
  readonly interaction: Interaction;
  readonly type?: string | undefined;
  readonly id?: string | undefined;
  readonly versionId?: string | undefined;
  /** The resource in whose compartment is searched (http://hl7.org/fhir/R4/http.html#vsearch). */
  readonly compartment?: Ref | undefined;
  /** `$name` without the dollar. */
  readonly operation?: string | undefined;
  /** The query string's pairs in order, percent-decoded; for `POST _search` followed by the body's. */
  readonly query: readonly (readonly [name: string, value: string])[];
  /** The query as sent, for the audit and conditional forms. Never logged. */
  readonly queryText: string;
  /** The parsed body; a JSON Patch is `patch`. */
  readonly body?: Body | undefined;
  readonly patch?: unknown;
  /** `*` or version ids from If-Match. */
  readonly ifMatch?: readonly string[] | undefined;
  /** `*` or version ids from If-None-Match. */
  readonly ifNoneMatch?: readonly string[] | undefined;
  /** The query of If-None-Exist. */
  readonly ifNoneExist?: string | undefined;
  /** Milliseconds since 1970. */
  readonly ifModifiedSince?: number | undefined;
  readonly prefer: Preferences;
  /** A message speaks: what its codes mean is its sender's affair. */
  readonly byMessage?: true;
  readonly idempotencyKey?: { readonly id: string; readonly fingerprint: string } | undefined;
  /** An import of the operator's, whatever it brings (rules 1.16). Never set by a door. */
  readonly importing?: boolean | undefined;
  readonly caller: Caller;
  readonly requestId: string;
  /** W3C Trace Context; passed on with what the request causes to be delivered. */
  readonly traceparent?: string | undefined;
  /** Ends when the client has gone or the server stops. */
  readonly signal: AbortSignal;
}

export interface Preferences {
  /** undefined: the server's choice (representation). */
  readonly return?: 'minimal' | 'representation' | 'OperationOutcome' | undefined;
  readonly handling?: 'strict' | 'lenient' | undefined;
}

/** An answer that is no resource: a document, a page. */
export interface ReplyContent {
  readonly bytes: Buffer;
  readonly contentType: string;
  /** Other names of the same type, under which it may be asked for. */
  readonly alsoAs?: readonly string[];
  /** What a browser may do with it, where it may show it: a Content-Security-Policy. Otherwise it is for saving. */
  readonly policy?: string;
  /** It is answered unless a FHIR type is asked for; otherwise it must be asked for by its type. */
  readonly usual?: true;
}

/** What the door renders. Exactly one of `text` and `resource` is given when there is a body. */
export interface Reply {
  readonly status: number;
  /** A stored text, sent as it is (D6). */
  readonly text?: string | undefined;
  /** A resource made for this reply (Bundle, OperationOutcome). */
  readonly resource?: Resource | undefined;
  /** The same in a type of its own, for a client that asks for that type. Without `resource` or `text` there is nothing else. */
  readonly content?: ReplyContent | undefined;
  /** The bytes that stand in `text` at the place that it names, unless the place is not shown. */
  readonly file?: PlacedFile | undefined;
  /** `seq` for the weak ETag. */
  readonly version?: number | undefined;
  /** Elements are left out of what is shown: no update takes it for the whole (harmony Z6). */
  readonly masked?: true;
  /** Instant, for Last-Modified. */
  readonly at?: string | undefined;
  /** What is said beside success; in headers already, and here for a door without any. */
  readonly notes?: readonly IssueDetail[] | undefined;
  /** Relative to the base: `Task/1/_history/5`. */
  readonly location?: string | undefined;
  /** Further headers by their names, e.g. `Link`. Relative references are made absolute by the maker. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** @throws OperationOutcomeError when the request is refused; the refusal is in the audit by then */
export type Perform = (request: Request) => Promise<Reply>;
