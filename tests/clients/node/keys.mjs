// A client's private key as the libraries take it, and how a client proves who it is; both libraries name it alike.
const ALGORITHMS = {
  ES256: { name: "ECDSA", namedCurve: "P-256" },
  PS256: { name: "RSA-PSS", hash: "SHA-256" },
  EdDSA: { name: "Ed25519" },
};

/** The story's private JWK. */
export async function signingKey({ key, alg }) {
  return { key: await crypto.subtle.importKey("jwk", key, ALGORITHMS[alg], false, ["sign"]), kid: key.kid };
}

/** The authentication method that the story's client is registered with. */
export async function authentication(library, story) {
  switch (story.method) {
    case "client_secret_basic":
      return library.ClientSecretBasic(story.secret ?? undefined);
    case "client_secret_post":
      return library.ClientSecretPost(story.secret ?? undefined);
    case "client_secret_jwt":
      return library.ClientSecretJwt(story.secret ?? undefined);
    case "private_key_jwt":
      return library.PrivateKeyJwt(await signingKey(story));
    default:
      return library.None();
  }
}
