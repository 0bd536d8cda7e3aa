/** Sign-in by SMART App Launch 2.2: discovery, PKCE, state, issuer. Tokens stay in memory and are gone with the page. */
const HOME = new URL('.', location.href).href;
const BASE = new URL('/fhir', HOME).href;
const asked = new URLSearchParams(location.search);
let client, smart, tokens; // this app, the server's SMART configuration, the token response

async function getJson(url, options) {
  const response = await fetch(url, options).catch(() => undefined);
  if (!response) throw new Error('The server cannot be reached. Please check the connection and try again.');
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  const says = body.issue?.[0]?.diagnostics ?? body.error_description ?? `It answered ${response.status}.`;
  throw Object.assign(new Error(`The server refused. ${says}`), { status: response.status });
}

/** Finishes a sign-in that was begun, or begins the one that a link asks for. Who is signed in; undefined for nobody. */
export async function start(id, scope) {
  client = { id, scope };
  smart = await getJson(`${BASE}/.well-known/smart-configuration`);
  if (asked.has('state')) return finish();
  return asked.has('login_hint')
    ? signIn({ login_hint: asked.get('login_hint'), prompt: 'login' })
    : undefined;
}

const encode = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replace(/[+/=]/g, (sign) => ({ '+': '-', '/': '_' })[sign] ?? '');
const random = () => encode(crypto.getRandomValues(new Uint8Array(32)));

/** Leaves for the server's sign-in page, which leads back here. */
export async function signIn(more = {}) {
  const [state, nonce, verifier] = [random(), random(), random()];
  sessionStorage.setItem('began', JSON.stringify({ state, nonce, verifier, hash: location.hash }));
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  const proof = { code_challenge: encode(new Uint8Array(digest)), code_challenge_method: 'S256' };
  const app = { client_id: client.id, scope: client.scope, redirect_uri: HOME, aud: BASE };
  const query = new URLSearchParams({ response_type: 'code', ...app, state, nonce, ...proof, ...more });
  location.assign(`${smart.authorization_endpoint}?${query}`);
  return new Promise(() => {}); // this page ends here
}

async function finish() {
  const { state, nonce, verifier, hash = '' } = JSON.parse(sessionStorage.getItem('began') ?? '{}');
  sessionStorage.clear();
  history.replaceState(null, '', HOME + hash);
  const isOurs = state === asked.get('state') && smart.issuer === asked.get('iss');
  if (!isOurs) throw new Error('This sign-in was not begun here.');
  if (asked.get('error') === 'access_denied') throw new Error('You did not let this app see your referrals.');
  if (asked.has('error')) throw new Error(asked.get('error_description') ?? asked.get('error'));
  const code = { code: asked.get('code'), redirect_uri: HOME, code_verifier: verifier };
  await askToken({ grant_type: 'authorization_code', ...code });
  const payload = tokens.id_token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
  const claims = JSON.parse(atob(payload)); // straight from the server: no signature to check (OIDC Core 3.1.3.7)
  if (claims.nonce === nonce && claims.aud === client.id) return claims;
  throw new Error('The server answered another sign-in.');
}

async function askToken(fields) {
  const body = new URLSearchParams({ client_id: client.id, ...fields });
  tokens = { ...tokens, ...(await getJson(smart.token_endpoint, { method: 'POST', body })) };
}

/** Reads below the FHIR base, the only place to which the token goes; one that has run out is renewed once. */
export async function read(path, isRenewed = false) {
  const url = new URL(path, `${BASE}/`).href;
  if (!url.startsWith(`${BASE}/`)) throw new Error('The server names an address that is not its own.');
  return getJson(url, { headers: { authorization: `Bearer ${tokens.access_token}` } }).catch(
    async (error) => {
      if (error.status !== 401) throw error;
      const ended = new Error('Your sign-in has ended.');
      const { refresh_token } = tokens;
      if (isRenewed || !refresh_token) throw ended;
      await askToken({ grant_type: 'refresh_token', refresh_token }).catch(() => Promise.reject(ended));
      return read(path, true);
    },
  );
}

/** Withdraws the tokens, and leaves for the server's page that ends the session. */
export async function signOut() {
  const body = new URLSearchParams({
    client_id: client.id,
    token: tokens.refresh_token ?? tokens.access_token,
  });
  await fetch(smart.revocation_endpoint, { method: 'POST', body }).catch(() => undefined);
  const { end_session_endpoint } = await getJson(`${smart.issuer}/.well-known/openid-configuration`);
  const query = new URLSearchParams({ id_token_hint: tokens.id_token, post_logout_redirect_uri: HOME });
  location.assign(`${end_session_endpoint}?${query}`);
}
