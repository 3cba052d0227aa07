// node-oidc-provider as an authorization server that lives on Roster. It prints the address that it listens on. With
// AUTHENTICATE it also has Roster authenticate the client of each token request.
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { Provider } from 'oidc-provider';
import { clients, compareClientSecret } from './adapter.mjs';

const { ROSTER, ROSTER_TOKEN, AUTHENTICATE } = process.env;

// Memory keeps everything but clients.
class Memory {
  #entries = new Map();
  async upsert(id, payload) { this.#entries.set(id, payload); }
  async find(id) { return this.#entries.get(id); }
  async destroy(id) { this.#entries.delete(id); }
}

// authenticated asks Roster whether a token request proves who its client is.
async function authenticated(authorization, parameters, issuer) {
  const form = new URLSearchParams([['audience', issuer], ['audience', `${issuer}/token`]]);
  if (authorization) form.set('authorization', authorization);
  for (const name of ['client_id', 'client_secret', 'client_assertion_type', 'client_assertion']) {
    if (parameters.has(name)) form.set(name, parameters.get(name));
  }
  const response = await fetch(`${ROSTER}/as/v1/authenticate`, {
    method: 'POST', headers: { authorization: `Bearer ${ROSTER_TOKEN}` }, body: form,
  });
  if (!response.ok) throw new Error(`Roster answers ${response.status}`);
  return (await response.json()).active;
}

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const { address, port } = server.address();
  const issuer = `http://${address}:${port}`;
  const provider = new Provider(issuer, {
    adapter: (model) => (model === 'Client' ? clients(ROSTER, ROSTER_TOKEN) : new Memory()),
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    features: { devInteractions: { enabled: false }, clientCredentials: { enabled: true } },
  });
  provider.Client.prototype.compareClientSecret = compareClientSecret;
  if (AUTHENTICATE) {
    provider.use(async (ctx, next) => {
      if (ctx.path !== '/token') return next();
      const parameters = new URLSearchParams(await text(ctx.req));
      if (!(await authenticated(ctx.headers.authorization, parameters, issuer))) {
        ctx.status = 401;
        ctx.body = { error: 'invalid_client' };
        return undefined;
      }
      ctx.req.body = Object.fromEntries(parameters);
      return next();
    });
  }
  server.on('request', provider.callback());
  console.log(`${address}:${port}`);
});
