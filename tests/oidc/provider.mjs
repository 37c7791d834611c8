// An OpenID provider for tests on a port of loopback: the certified oidc-provider, behind a
// small server that can misbehave. `node provider.mjs '{"port": 4000}'`; prints `ready` when
// it listens. With `"tls": {"cert": PEM, "key": PEM}` it speaks https. Whom it signs in, and which fault it has, is set by `PUT /control`.
import { createServer, request as ask } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createHash } from 'node:crypto';
import { SignJWT, base64url, decodeJwt, exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

const settings = JSON.parse(process.argv[2] ?? '{}');
const issuer = `${settings.tls ? 'https' : 'http'}://127.0.0.1:${settings.port}`;
const SECRET = 'a secret of the client that is long enough for HS256';

/** What `PUT /control` sets. */
const control = { account: 'ada', fault: null, users: {} };

async function newKey(kid) {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const common = { kid, alg: 'RS256', use: 'sig' };
  return {
    kid,
    key: privateKey,
    private: { ...(await exportJWK(privateKey)), ...common },
    public: { ...(await exportJWK(publicKey)), ...common },
  };
}

const key = await newKey(`first-${process.pid}`);
const stranger = await newKey('stranger');
const published = [key.public];

function client(client_id) {
  return {
    client_id,
    client_secret: SECRET,
    grant_types: ['authorization_code'],
    response_types: ['code'],
    redirect_uris: ['http://127.0.0.1/auth/callback'],
    post_logout_redirect_uris: ['http://127.0.0.1/login'],
  };
}

const provider = new Provider(issuer, {
  clients: [client('fanlight'), client('another')],
  jwks: { keys: [key.private] },
  cookies: { keys: ['only for tests'] },
  claims: { email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
  scopes: ['openid', 'profile', 'email', 'groups'],
  conformIdTokenClaims: !settings.claimsInIdToken,
  features: {
    devInteractions: { enabled: false },
    rpInitiatedLogout: {
      enabled: true,
      // Without a question to the person: these tests have none.
      logoutSource: (ctx, form) => {
        const agree = form.replace('</form>', '<input type="hidden" name="logout" value="yes"/></form>');
        ctx.body = `<!doctype html><title>Sign out</title>${agree}<script>document.forms[0].submit()</script>`;
      },
    },
  },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({ sub, ...(control.users[sub] ?? {}) }),
  }),
  loadExistingGrant: async (ctx) => {
    const { client: by, session } = ctx.oidc;
    const grant = new ctx.oidc.provider.Grant({ clientId: by.clientId, accountId: session.accountId });
    grant.addOIDCScope('openid profile email groups');
    await grant.save();
    return grant;
  },
  ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Interaction: 600, Session: 600, Grant: 600 },
});

// It stands behind the server below, which says how it was asked.
provider.proxy = true;

// The gateway's port is not known beforehand.
provider.Client.prototype.redirectUriAllowed = (uri) => /^http:\/\/127\.0\.0\.1:\d+\/auth\/callback$/.test(uri);
provider.Client.prototype.postLogoutRedirectUriAllowed = (uri) => /^http:\/\/127\.0\.0\.1:\d+\/login$/.test(uri);

const sign = (claims, by, kid = by.kid) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid }).sign(by.key);

/** An ID token with one thing wrong. */
const FAULTS = {
  nonce: (claims) => sign({ ...claims, nonce: 'another' }, key),
  'no-nonce': ({ nonce, ...claims }) => sign(claims, key),
  issuer: (claims) => sign({ ...claims, iss: 'https://login.other.example' }, key),
  audience: (claims) => sign({ ...claims, aud: 'another' }, key),
  'further-audience': (claims) => sign({ ...claims, aud: ['fanlight', 'another'] }, key),
  expired: (claims) => sign({ ...claims, iat: claims.iat - 7200, exp: claims.iat - 3600 }, key),
  none: (claims) => `${encode({ alg: 'none' })}.${encode(claims)}.`,
  hs256: (claims) => new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(SECRET)),
  'unknown-key': (claims) => sign(claims, stranger),
  'stolen-kid': (claims) => sign(claims, stranger, key.kid),
  'no-id-token': () => undefined,
  // No fault: the provider has changed its key since it was asked.
  rotated: (claims) => {
    if (!published.includes(stranger.public)) published.push(stranger.public);
    return sign(claims, stranger);
  },
  // No fault: what the others do, but right.
  again: (claims) => sign(claims, key),
};

const encode = (value) => base64url.encode(JSON.stringify(value));

async function spoilTokens(text) {
  const tokens = JSON.parse(text);
  const spoil = FAULTS[control.fault];
  if (!spoil || !tokens.id_token) return text;
  return JSON.stringify({ ...tokens, id_token: await spoil(decodeJwt(tokens.id_token)) });
}

/** Changes to the answers of one path, by fault. */
async function spoil(path, text) {
  if (path === '/token') return spoilTokens(text);
  if (path === '/jwks') return JSON.stringify({ keys: published });
  if (path === '/me' && control.fault === 'userinfo-of-another') {
    return JSON.stringify({ ...JSON.parse(text), sub: 'mallory' });
  }
  return text;
}

async function interaction(request, response) {
  const result = { login: { accountId: control.account } };
  const refusal = { error: 'access_denied', error_description: 'not today' };
  await provider.interactionFinished(request, response, control.fault === 'denied' ? refusal : result, {
    mergeWithLastSubmission: false,
  });
}

async function body(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The provider itself listens on a port of its own, so that its answers can be changed. */
const inner = createServer(provider.callback()).listen(0, '127.0.0.1');
await new Promise((resolve) => inner.once('listening', resolve));

async function forward(request, response, url) {
  if (url.pathname === '/auth' && control.fault === 'pkce') {
    url.searchParams.set('code_challenge', createHash('sha256').update('another').digest('base64url'));
  }
  const sent = await body(request);
  const { port } = inner.address();
  const headers = { ...request.headers, 'x-forwarded-proto': new URL(issuer).protocol.slice(0, -1) };
  const options = { host: '127.0.0.1', port, method: request.method, path: url.pathname + url.search, headers };
  const reply = await new Promise((resolve, reject) => {
    ask(options, resolve).on('error', reject).end(sent);
  });
  const got = await body(reply);
  const { 'transfer-encoding': _, 'content-length': __, ...shown } = reply.headers;
  const isJson = (shown['content-type'] ?? '').includes('json') && reply.statusCode === 200;
  response.writeHead(reply.statusCode, shown);
  response.end(isJson ? await spoil(url.pathname, got.toString()) : got);
}

const listen = settings.tls ? (handler) => createSecureServer(settings.tls, handler) : createServer;
const outer = listen((request, response) => {
  const url = new URL(request.url, issuer);
  const answer = async () => {
    if (url.pathname === '/control') {
      Object.assign(control, JSON.parse((await body(request)).toString()));
      response.writeHead(204).end();
    } else if (control.fault === 'down') {
      response.writeHead(503, { 'content-type': 'text/plain' }).end('down');
    } else if (url.pathname.startsWith('/interaction/')) {
      await interaction(request, response);
    } else {
      await forward(request, response, url);
    }
  };
  answer().catch((error) => {
    console.error(error);
    response.writeHead(500).end(String(error));
  });
});
outer.listen(settings.port, '127.0.0.1', () => console.log('ready'));
