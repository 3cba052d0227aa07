// The clients of node-oidc-provider are those of Roster. Each is looked up whenever it is used, so that a registration, a
// change, a suspension and a revocation count at once.
import { createHash, timingSafeEqual } from 'node:crypto';

// clients returns an adapter for the model Client. It has the hashes of a client's secrets where node-oidc-provider wants
// the secret.
export function clients(roster, token) {
  return {
    async find(id) {
      const response = await fetch(`${roster}/as/v1/clients/${encodeURIComponent(id)}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      if (response.status === 404) return undefined;
      if (!response.ok) throw new Error(`Roster answers ${response.status}`);
      const { client_secret_sha256: hashes, ...client } = await response.json();
      return hashes ? { ...client, client_secret: hashes.join(' ') } : client;
    },
  };
}

// compareClientSecret is for the prototype of Provider.Client: it compares a secret with the hashes.
export function compareClientSecret(secret) {
  const digest = createHash('sha256').update(secret).digest();
  return this.clientSecret.split(' ').some((hash) => timingSafeEqual(digest, Buffer.from(hash, 'base64')));
}
