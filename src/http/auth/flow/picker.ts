/**
 * The page on which who works here picks the patient that an app is about (smart SM-10). The search is one of the FHIR engine,
 * in the person's own name: it finds what the person may see, and it is audited as any other.
 */
import { OperationOutcomeError } from '../../../fhir/issue.ts';
import type { Bundle, Ref, Resource } from '../../../fhir/types.ts';
import type { Caller, Perform, Reply, Request } from '../../../operations/request.ts';
import { parseStored } from '../../../ports/stored-resource.ts';
import { parseScopes } from '../../../smart/scopes.ts';
import { patientsPage, type PatientLine } from '../pages/choices.ts';
import type { Underway } from './interaction.ts';
import { nameOf, type Place } from './people.ts';
import type { Web } from './web.ts';

export interface PatientPicker {
  readonly show: (underway: Underway, place: Place) => Promise<void>;
  readonly search: (underway: Underway, place: Place | undefined, name: string) => Promise<void>;
  readonly canSee: (underway: Underway, place: Place, patient: Ref) => Promise<boolean>;
}

const SHOWN_MAX = 20;
const NAME_MAX = 100;
/** What the person may ask here, whatever the app asks for. */
const SCOPES = parseScopes('user/Patient.rs');

export function createPicker({
  web,
  perform,
}: {
  readonly web: Web;
  readonly perform: Perform;
}): PatientPicker {
  return {
    async show(underway) {
      render(web, underway, {});
    },

    async search(underway, place, name) {
      const typed = name.trim().slice(0, NAME_MAX);
      if (place === undefined || typed === '') {
        render(web, underway, { typed, error: 'Type a name, or the beginning of it.' });
        return;
      }
      const query = [
        ['name', typed],
        ['_count', String(SHOWN_MAX + 1)],
        ['_sort', 'family'],
      ] as const;
      try {
        const reply = await perform(
          requestOf(underway, place, { interaction: 'search-type', type: 'Patient', query }),
        );
        const { entry = [] } = bundleOf(reply);
        const patients = entry.flatMap((one) =>
          one.resource?.resourceType === 'Patient' ? [one.resource] : [],
        );
        const found = patients.slice(0, SHOWN_MAX).map((patient) => lineOf(patient as unknown as Resource)); // as stored
        render(web, underway, { typed, found, more: patients.length > SHOWN_MAX });
      } catch (error) {
        if (!(error instanceof OperationOutcomeError)) throw error;
        web.refuse(underway.exchange, 'role-missing', error.code);
      }
    },

    async canSee(underway, place, patient) {
      const [, id = ''] = patient.split('/');
      try {
        await perform(requestOf(underway, place, { interaction: 'read', type: 'Patient', id, query: [] }));
        return true;
      } catch (error) {
        if (error instanceof OperationOutcomeError) return false;
        throw error;
      }
    },
  };
}

/** What the page shows of a search. */
interface Found {
  readonly typed?: string;
  readonly found?: readonly PatientLine[];
  readonly more?: boolean;
  readonly error?: string;
}

function render(web: Web, underway: Underway, { typed, found, more = false, error }: Found): void {
  const { exchange, uid, cookie, interaction, request } = underway;
  const form = web.form(`/interaction/${uid}`, cookie);
  const app = request.client.name;
  const page = patientsPage({ app, search: form, choose: form, cancel: form, typed, found, more, error });
  web.show(exchange, page, { policy: { leadsTo: interaction.params['redirect_uri'] } });
}

/** A search answers a Bundle: a text where its entries are as stored. */
const bundleOf = ({ text, resource }: Reply): Bundle =>
  text === undefined ? (resource as unknown as Bundle) : parseStored<Bundle>(text);

function requestOf(
  { exchange, request: { account, clientId, found } }: Underway,
  place: Place,
  asked: Pick<Request, 'interaction' | 'type' | 'query'> & { readonly id?: string },
): Request {
  const { session, id } = found;
  const caller: Caller = {
    organization: place.organization,
    administrator: false,
    scopes: SCOPES,
    patient: undefined,
    client: clientId,
    subject: account.id,
    user: place.user,
    userName: place.roles.includes('clinician') ? account.name : undefined,
    address: exchange.clientIp,
    onBehalfOf: undefined,
    purposes: ['TREAT'],
    authenticatedAt: session.authenticatedAt,
    methods: session.amr,
    session: id,
    tab: undefined,
    roles: place.roles,
  };
  return {
    ...asked,
    queryText: new URLSearchParams(
      asked.query.map(([name, value]): [string, string] => [name, value]),
    ).toString(),
    prefer: {},
    caller,
    requestId: exchange.requestId,
    signal: new AbortController().signal,
  };
}

interface Identifier {
  readonly value?: string;
  readonly assigner?: { readonly display?: string };
}

function lineOf(patient: Resource): PatientLine {
  const [first] = (patient['identifier'] ?? []) as readonly Identifier[]; // of a Patient
  const birthDate = patient['birthDate'];
  const owner = first?.assigner?.display;
  return {
    id: String(patient['id']),
    name: nameOf(patient) ?? 'No name',
    birthDate: typeof birthDate === 'string' ? birthDate : undefined,
    number:
      first?.value === undefined ? undefined : `${first.value}${owner === undefined ? '' : ` of ${owner}`}`,
  };
}
