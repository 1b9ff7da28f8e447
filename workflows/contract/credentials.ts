/**
 * Addresses that carry a secret: `user:password@`, signed queries. Histories, listings and reports
 * keep addresses, so run files and tables may not contain one. Secrets belong to the workers' own
 * account or to the machine's environment.
 */
const SECRET_FIELDS = [
  'x-(goog|amz)-(signature|credential|security-token)',
  'signature|sig',
  '(access_?|auth_?|id_?|hf_?)?token',
  'api_?key|secret|password|authorization',
];
const SECRET_FIELD = new RegExp(`[?&](${SECRET_FIELDS.join('|')})=`, 'i');
const USER_INFO = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*@/i;

export const CREDENTIAL_REFUSED =
  'its address carries a credential, which histories, listings and reports would keep; ' +
  'use application-default credentials, or an address that redirects to the signed one';

export function carriesCredential(place: string): boolean {
  return USER_INFO.test(place) || SECRET_FIELD.test(place);
}
