// Flows as an application writes them that uses openid-client; all that it validates, it validates strictly.
import * as oidc from "openid-client";
import { play, visit } from "./conversation.mjs";
import { authentication, signingKey } from "./keys.mjs";

async function configured(story) {
  const config = await oidc.discovery(
    new URL(story.issuer),
    story.client_id,
    story.metadata,
    await authentication(oidc, story),
  );
  // The signatures of ID tokens that came straight from /token are checked, too.
  oidc.enableNonRepudiationChecks(config);
  return config;
}

/** Asks for a code (pushed and signed where the story says so) and redeems it. */
async function signedIn(config, story, { pushed = false, signed = false, dpop = undefined } = {}) {
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const expectedState = oidc.randomState();
  const expectedNonce = oidc.randomNonce();
  let parameters = new URLSearchParams({
    redirect_uri: story.redirect_uri,
    state: expectedState,
    nonce: expectedNonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    ...story.asked,
  });
  if (signed) {
    ({ searchParams: parameters } = await oidc.buildAuthorizationUrlWithJAR(config, parameters, await signingKey(story)));
  }
  const url = pushed
    ? await oidc.buildAuthorizationUrlWithPAR(config, parameters, { DPoP: dpop })
    : oidc.buildAuthorizationUrl(config, parameters);
  const landed = await visit(url);
  const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true };
  return oidc.authorizationCodeGrant(config, landed, checks, undefined, { DPoP: dpop });
}

async function userinfo(config, tokens, dpop) {
  return oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP: dpop });
}

function endSession(config, story, tokens) {
  const parameters = { id_token_hint: tokens.id_token, post_logout_redirect_uri: story.onward, state: "onward" };
  return oidc.buildEndSessionUrl(config, parameters).href;
}

async function signIn(story) {
  const config = await configured(story);
  const tokens = await signedIn(config, story);
  return { token_type: tokens.token_type, claims: tokens.claims(), userinfo: await userinfo(config, tokens) };
}

async function lifeOfAToken(story) {
  const config = await configured(story);
  const tokens = await signedIn(config, story);
  const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  const before = await oidc.tokenIntrospection(config, refreshed.refresh_token);
  await oidc.tokenRevocation(config, refreshed.refresh_token);
  const after = await oidc.tokenIntrospection(config, refreshed.refresh_token);
  return {
    claims: refreshed.claims(),
    rotated: refreshed.refresh_token !== tokens.refresh_token,
    active: [before.active, after.active],
    end_session: endSession(config, story, refreshed),
  };
}

async function fapi(story) {
  const config = await configured(story);
  if (story.jarm) oidc.useJwtResponseMode(config);
  const dpop = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair("ES256"));
  const tokens = await signedIn(config, story, { pushed: true, signed: story.signed, dpop });
  const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP: dpop });
  return {
    token_type: refreshed.token_type,
    claims: tokens.claims(),
    userinfo: await userinfo(config, { ...refreshed, claims: tokens.claims }, dpop),
    kept: [undefined, tokens.refresh_token].includes(refreshed.refresh_token),
    end_session: endSession(config, story, tokens),
  };
}

async function jarm(story) {
  const config = await configured(story);
  oidc.useJwtResponseMode(config);
  return { claims: (await signedIn(config, story)).claims() };
}

async function hybrid(story) {
  const config = await configured(story);
  oidc.useCodeIdTokenResponseType(config);
  return { claims: (await signedIn(config, story)).claims() };
}

async function implicit(story) {
  const config = await configured(story);
  oidc.useIdTokenResponseType(config);
  const nonce = oidc.randomNonce();
  const state = oidc.randomState();
  const url = oidc.buildAuthorizationUrl(config, { redirect_uri: story.redirect_uri, nonce, state, ...story.asked });
  return { claims: await oidc.implicitAuthentication(config, await visit(url), nonce, { expectedState: state }) };
}

async function registration(story) {
  const config = await oidc.dynamicClientRegistration(
    new URL(story.issuer),
    story.metadata,
    await authentication(oidc, story),
    { initialAccessToken: story.initial_access_token },
  );
  const tokens = await signedIn(config, story);
  return { registered: config.clientMetadata(), claims: tokens.claims(), userinfo: await userinfo(config, tokens) };
}

await play({ signIn, lifeOfAToken, fapi, jarm, hybrid, implicit, registration });
