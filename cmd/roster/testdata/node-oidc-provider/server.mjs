// node-oidc-provider, with its clients in memory and nothing enabled beyond their registration and management. It
// prints the address that it listens on.
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

// Memory keeps what it is given. The adapter that comes with node-oidc-provider forgets all but a thousand entries.
class Memory {
  #entries = new Map();
  async upsert(id, payload) { this.#entries.set(id, payload); }
  async find(id) { return this.#entries.get(id); }
  async destroy(id) { this.#entries.delete(id); }
}

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const { address, port } = server.address();
  const provider = new Provider(`http://${address}:${port}`, {
    adapter: Memory,
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      registrationManagement: { enabled: true, rotateRegistrationAccessToken: false },
    },
  });
  server.on('request', provider.callback());
  console.log(`${address}:${port}`);
});
