import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localSettings, temporalSettings, withoutTemporal } from '../../workers/temporal-settings';

describe('how Temporal is reached', () => {
  let folder: string;
  let profiles: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-settings-'));
    profiles = join(folder, 'temporal.toml');
    writeFileSync(
      profiles,
      `[profile.default]
address = "lab:7233"

[profile.cloud]
address = "us-east-1.aws.api.temporal.io:7233"
namespace = "audio.a1b2c"
api_key = "from-the-file"
`,
    );
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const nowhere = (): Record<string, string> => ({
    TEMPORAL_CONFIG_FILE: join(folder, 'absent.toml'),
  });

  it('is loopback and the default namespace when nothing is said', () => {
    expect(temporalSettings({}, nowhere())).toMatchObject({
      address: '127.0.0.1:7233',
      namespace: 'default',
    });
  });

  it('is said by an option before the environment, and by that before the profile file', () => {
    const environment = { TEMPORAL_CONFIG_FILE: profiles };
    expect(temporalSettings({}, environment).address).toBe('lab:7233');
    expect(temporalSettings({}, { ...environment, TEMPORAL_ADDRESS: 'b:2' }).address).toBe('b:2');
    expect(
      temporalSettings({ address: 'a:1' }, { ...environment, TEMPORAL_ADDRESS: 'b:2' }).connection
        .address,
    ).toBe('a:1');
  });

  it('takes a profile with its API key, and TLS with it', () => {
    const { address, namespace, connection } = temporalSettings(
      {},
      { TEMPORAL_CONFIG_FILE: profiles, TEMPORAL_PROFILE: 'cloud' },
    );
    expect([address, namespace]).toEqual(['us-east-1.aws.api.temporal.io:7233', 'audio.a1b2c']);
    expect(connection).toMatchObject({ apiKey: 'from-the-file', tls: true });
  });

  it('takes a client certificate from the environment', () => {
    const [certificate, key] = [join(folder, 'client.pem'), join(folder, 'client.key')];
    writeFileSync(certificate, 'CERTIFICATE');
    writeFileSync(key, 'KEY');
    const environment = {
      ...nowhere(),
      TEMPORAL_ADDRESS: 'cloud:7233',
      TEMPORAL_TLS_CLIENT_CERT_PATH: certificate,
      TEMPORAL_TLS_CLIENT_KEY_PATH: key,
    };
    const { tls } = temporalSettings({}, environment).connection;
    expect(
      Buffer.from((tls as { clientCertPair: { crt: Uint8Array } }).clientCertPair.crt).toString(),
    ).toBe('CERTIFICATE');
  });

  it('refuses a profile that is not there', () => {
    expect(() =>
      temporalSettings({}, { TEMPORAL_CONFIG_FILE: profiles, TEMPORAL_PROFILE: 'moon' }),
    ).toThrow(/moon/);
  });

  it('keeps the keys of other servers away from one of this machine’s own', () => {
    expect(localSettings('127.0.0.1:7244').connection).toEqual({ address: '127.0.0.1:7244' });
    expect(
      withoutTemporal({ TEMPORAL_API_KEY: 'secret', TEMPORAL_ADDRESS: 'x:1', HOME: '/home/me' }),
    ).toEqual({ HOME: '/home/me' });
  });
});
