/**
 * Addresses that carry a secret: `user:password@`, signed queries. Listings, histories and reports keep addresses, so such a one is refused wherever it
 * would be kept; the workers' own account, or the machine's environment, is the place for secrets.
 */
const SECRET_FIELD =
  /[?&](x-(goog|amz)-(signature|credential|security-token)|signature|sig|(access_?|auth_?|id_?|hf_?)?token|api_?key|secret|password|authorization)=/i;
const USER_INFO = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*@/i;

export const CREDENTIAL_REFUSED =
  "its address carries a credential, which would be written into the store; give the workers' account access and name it without";

export function carriesCredential(place: string): boolean {
  return USER_INFO.test(place) || SECRET_FIELD.test(place);
}
