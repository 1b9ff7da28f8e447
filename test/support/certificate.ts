/**
 * A certificate for `localhost` that signs itself, made anew for every test: X.509 in DER by hand.
 * RFC 5280, section 4.1.
 */
import { generateKeyPairSync, sign } from 'node:crypto';

const der = (tag: number, ...content: Buffer[]): Buffer => {
  const body = Buffer.concat(content);
  const length =
    body.length < 128
      ? Buffer.from([body.length])
      : Buffer.from([0x82, body.length >> 8, body.length & 0xff]);
  return Buffer.concat([Buffer.from([tag]), length, body]);
};
const sequence = (...content: Buffer[]): Buffer => der(0x30, ...content);
const identifier = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const time = (milliseconds: number): Buffer =>
  der(
    0x17,
    Buffer.from(`${new Date(milliseconds).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`),
  );

const DAY_MS = 86_400_000;
const ecdsaWithSha256 = sequence(identifier('2a8648ce3d040302'));
const commonName = sequence(
  der(0x31, sequence(identifier('550403'), der(0x0c, Buffer.from('localhost')))),
);
const alternativeName = sequence(
  identifier('551d11'),
  der(0x04, sequence(der(0x82, Buffer.from('localhost')))),
);

export interface Certificate {
  key: string;
  cert: string;
}

export function certificateOfLocalhost(): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const now = Date.now();
  const stated = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))), // version 3
    der(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    commonName,
    sequence(time(now - DAY_MS), time(now + DAY_MS)),
    commonName,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(alternativeName)),
  );
  const signature = der(
    0x03,
    Buffer.concat([Buffer.from([0]), sign('sha256', stated, privateKey)]),
  );
  const base64 = sequence(stated, ecdsaWithSha256, signature).toString('base64');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
  };
}
