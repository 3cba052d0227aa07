// Does what a client of the Model Context Protocol does before its user is asked: it discovers the authorization
// server of an MCP server's URL, registers with it and makes the authorization request. It prints what came of it.
//
//	node authorize.mjs SERVER_URL CLIENT_METADATA
import { auth } from '@modelcontextprotocol/sdk/client/auth.js';

const [serverUrl, metadata] = process.argv.slice(2);
const clientMetadata = JSON.parse(metadata);
const outcome = {};
const provider = {
  clientMetadata,
  redirectUrl: clientMetadata.redirect_uris[0],
  // Used, in place of a registration, where an authorization server says that it takes URLs for client_ids.
  clientMetadataUrl: 'https://client.example.org/metadata.json',
  clientInformation: () => outcome.client,
  saveClientInformation: (client) => { outcome.client = client; },
  tokens: () => undefined,
  saveTokens: () => {},
  codeVerifier: () => outcome.verifier,
  saveCodeVerifier: (verifier) => { outcome.verifier = verifier; },
  redirectToAuthorization: (url) => { outcome.authorization = url; },
};
outcome.result = await auth(provider, { serverUrl });
console.log(JSON.stringify(outcome));
