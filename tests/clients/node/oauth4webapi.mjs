// The same flows with the functions below openid-client: each answer is handed to its own validation.
import * as oauth from "oauth4webapi";
import { play, visit } from "./conversation.mjs";
import { authentication, signingKey } from "./keys.mjs";

async function configured(story) {
  const issuer = new URL(story.issuer);
  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer));
  return { as, client: { client_id: story.client_id, ...story.metadata }, auth: await authentication(oauth, story) };
}

/** Sends a request with a proof; once more where the provider wants its nonce in it (RFC 9449 8). */
async function proven(request, process) {
  try {
    return await process(await request());
  } catch (objection) {
    if (!oauth.isDPoPNonceError(objection)) throw objection;
    return process(await request());
  }
}

async function request(story, checks) {
  return new URLSearchParams({
    client_id: checks.client.client_id,
    redirect_uri: story.redirect_uri,
    response_type: "code",
    state: checks.state,
    nonce: checks.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(checks.verifier),
    code_challenge_method: "S256",
    ...story.asked,
  });
}

function fresh(client) {
  return {
    client,
    verifier: oauth.generateRandomCodeVerifier(),
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
  };
}

async function pushed({ as, client, auth }, parameters, DPoP) {
  const { request_uri } = await proven(
    () => oauth.pushedAuthorizationRequest(as, client, auth, parameters, { DPoP }),
    (response) => oauth.processPushedAuthorizationResponse(as, client, response),
  );
  return new URLSearchParams({ client_id: client.client_id, request_uri });
}

const VALIDATORS = {
  query: ({ as, client }, landed, { state }) => oauth.validateAuthResponse(as, client, landed, state),
  jwt: ({ as, client }, landed, { state }) => oauth.validateJwtAuthResponse(as, client, landed, state),
  hybrid: ({ as, client }, landed, { state, nonce }) =>
    oauth.validateCodeIdTokenResponse(as, client, landed, nonce, state),
};

/** Asks for a code and redeems it; returns the answer of /token and the claims of its ID token. */
async function signedIn(known, story, { DPoP, push = false, validate = VALIDATORS.query } = {}) {
  const { as, client, auth } = known;
  const checks = fresh(client);
  let parameters = await request(story, checks);
  if (story.signed) {
    const signed = await oauth.issueRequestObject(as, client, parameters, await signingKey(story));
    parameters = new URLSearchParams({ client_id: client.client_id, request: signed });
  }
  if (push) parameters = await pushed(known, parameters, DPoP);
  const landed = await visit(`${as.authorization_endpoint}?${parameters}`);
  const answer = await validate(known, landed, checks);
  const options = { expectedNonce: checks.nonce, requireIdToken: true };
  let response;
  const tokens = await proven(
    async () => {
      response = await oauth.authorizationCodeGrantRequest(
        as, client, auth, answer, story.redirect_uri, checks.verifier, { DPoP },
      );
      return response;
    },
    (answered) => oauth.processAuthorizationCodeResponse(as, client, answered, options),
  );
  await oauth.validateApplicationLevelSignature(as, response);
  return { tokens, claims: oauth.getValidatedIdTokenClaims(tokens) };
}

async function refreshed({ as, client, auth }, refresh_token, DPoP) {
  return proven(
    () => oauth.refreshTokenGrantRequest(as, client, auth, refresh_token, { DPoP }),
    (response) => oauth.processRefreshTokenResponse(as, client, response),
  );
}

async function userinfo({ as, client }, { tokens, claims }, DPoP) {
  return proven(
    () => oauth.userInfoRequest(as, client, tokens.access_token, { DPoP }),
    (response) => oauth.processUserInfoResponse(as, client, claims.sub, response),
  );
}

async function introspected({ as, client, auth }, token) {
  const response = await oauth.introspectionRequest(as, client, auth, token);
  return (await oauth.processIntrospectionResponse(as, client, response)).active;
}

function endSession({ as, client }, story, tokens) {
  const parameters = {
    client_id: client.client_id,
    id_token_hint: tokens.id_token,
    post_logout_redirect_uri: story.onward,
    state: "onward",
  };
  return `${as.end_session_endpoint}?${new URLSearchParams(parameters)}`;
}

/** Sends the token to an API, and lets the library judge there what came (RFC 9068 4, RFC 9449 4.3). */
async function judged({ as }, tokens, DPoP, api) {
  let sent;
  const fetching = async (url, options) => {
    sent = new Request(url, options);
    return new Response("{}");
  };
  const options = { DPoP, [oauth.customFetch]: fetching };
  await oauth.protectedResourceRequest(tokens.access_token, "GET", new URL(api), undefined, undefined, options);
  return oauth.validateJwtAccessToken(as, sent, api, { requireDPoP: DPoP !== undefined });
}

async function signIn(story) {
  const known = await configured(story);
  const signed = await signedIn(known, story);
  return { token_type: signed.tokens.token_type, claims: signed.claims, userinfo: await userinfo(known, signed) };
}

async function lifeOfAToken(story) {
  const known = await configured(story);
  const { tokens } = await signedIn(known, story);
  const next = await refreshed(known, tokens.refresh_token);
  const before = await introspected(known, next.refresh_token);
  const { as, client, auth } = known;
  await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, next.refresh_token));
  return {
    claims: oauth.getValidatedIdTokenClaims(next),
    rotated: next.refresh_token !== tokens.refresh_token,
    active: [before, await introspected(known, next.refresh_token)],
    end_session: endSession(known, story, next),
  };
}

async function fapi(story) {
  const known = await configured(story);
  const DPoP = oauth.DPoP(known.client, await oauth.generateKeyPair("ES256"));
  const validate = story.jarm ? VALIDATORS.jwt : VALIDATORS.query;
  const { tokens, claims } = await signedIn(known, story, { DPoP, push: true, validate });
  const next = await refreshed(known, tokens.refresh_token, DPoP);
  return {
    token_type: next.token_type,
    claims,
    userinfo: await userinfo(known, { tokens: next, claims }, DPoP),
    kept: [undefined, tokens.refresh_token].includes(next.refresh_token),
    at_the_api: await judged(known, next, DPoP, story.api),
    end_session: endSession(known, story, tokens),
  };
}

async function jarm(story) {
  return { claims: (await signedIn(await configured(story), story, { validate: VALIDATORS.jwt })).claims };
}

async function hybrid(story) {
  return { claims: (await signedIn(await configured(story), story, { validate: VALIDATORS.hybrid })).claims };
}

async function registration(story) {
  const issuer = new URL(story.issuer);
  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer));
  const options = { initialAccessToken: story.initial_access_token };
  const response = await oauth.dynamicClientRegistrationRequest(as, story.metadata, options);
  const client = await oauth.processDynamicClientRegistrationResponse(response);
  const known = { as, client, auth: await authentication(oauth, { ...story, secret: client.client_secret }) };
  const signed = await signedIn(known, story);
  return { registered: client, claims: signed.claims, userinfo: await userinfo(known, signed) };
}

await play({ signIn, lifeOfAToken, fapi, jarm, hybrid, registration });
