// npm's oidc-provider as the roam needs it: whoever comes is logged in, everything is kept in memory.
// node server.mjs PORT CLIENTS, the latter a list of their metadata (RFC 7591) in JSON.
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import { Provider } from 'oidc-provider'

const [port, metadata] = process.argv.slice(2)
const KNOWN = [
  'client_id',
  'client_secret',
  'redirect_uris',
  'grant_types',
  'response_types',
  'token_endpoint_auth_method',
  'id_token_signed_response_alg',
  'scope',
]
const registered = JSON.parse(metadata)
const clients = registered.map((one) => Object.fromEntries(KNOWN.map((name) => [name, one[name]])))
const [{ scope, resources }] = registered
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients,
  jwks: { keys: [{ ...key, kid: 'peer-1', use: 'sig', alg: 'ES256' }] },
  scopes: scope.split(' '),
  claims: { openid: ['sub'], profile: ['name'] },
  findAccount: async (context, accountId) => ({ accountId, claims: async () => ({ sub: accountId }) }),
  features: {
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: async () => true,
      // A JWT of the same algorithm and life as ours.
      getResourceServerInfo: async (context, audience) => ({
        audience,
        scope: 'profile',
        accessTokenTTL: 300,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
  interactions: { url: (context, interaction) => `/interaction/${interaction.uid}` },
  ttl: { AuthorizationCode: 60, IdToken: 300, Session: 3600, Grant: 3600, Interaction: 600 },
})

async function logIn(request, response) {
  const { params } = await provider.interactionDetails(request, response)
  const grant = new provider.Grant({ accountId: 'person', clientId: params.client_id })
  grant.addOIDCScope(scope)
  for (const resource of resources) grant.addResourceScope(resource, 'profile')
  const grantId = await grant.save()
  await provider.interactionFinished(request, response, { login: { accountId: 'person' }, consent: { grantId } })
}

// Beside the provider's own stack of handlers, so that a roam does not pay for this.
const answer = provider.callback()
createServer((request, response) =>
  request.url.startsWith('/interaction/') ? logIn(request, response) : answer(request, response),
).listen(Number(port), '127.0.0.1')
