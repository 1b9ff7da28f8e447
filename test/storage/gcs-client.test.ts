import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { openGcs } from '../../storage/gcs/gcs-client';
import { openSource } from '../../storage/sources/open-source';
import { openStore } from '../../storage/open-store';

const SECRET = 'hunter2-planted';
const VARIABLES = ['STORAGE_EMULATOR_HOST', 'GOOGLE_APPLICATION_CREDENTIALS'] as const;
const account = (fields: object): string =>
  JSON.stringify({
    type: 'service_account',
    client_email: 'w@p.iam.gserviceaccount.com',
    ...fields,
  });

describe('a client of Google Cloud Storage', () => {
  const before = VARIABLES.map((name) => process.env[name]);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-gcs-client-'));
    for (const name of VARIABLES) delete process.env[name];
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  afterAll(() =>
    VARIABLES.forEach((name, index) => {
      if (before[index] === undefined) delete process.env[name];
      else process.env[name] = before[index];
    }),
  );

  const refusal = async (work: () => unknown): Promise<unknown> => {
    try {
      return await work();
    } catch (error) {
      return error;
    }
  };

  it.each<[string, string | null, string]>([
    ['is missing', null, 'cannot be read (ENOENT)'],
    ['is no JSON', `${SECRET} = key`, 'is not JSON'],
    ['is cut off', account({ private_key: SECRET }).slice(0, -1), 'is not JSON'],
    ['holds no object', `"${SECRET}"`, 'holds no credential that can be used'],
    ['holds nothing', 'null', 'holds no credential that can be used'],
    ['has no private key', account({ token: SECRET }), 'holds no credential that can be used'],
    [
      'has a private key that cannot be decoded',
      account({
        private_key: `-----BEGIN PRIVATE KEY-----\n${SECRET}\n-----END PRIVATE KEY-----\n`,
      }),
      'holds no credential that can be used',
    ],
  ])(
    'is refused at once where the key file %s, naming the file and never its content',
    async (_what, content, problem) => {
      const file = join(folder, 'key.json');
      if (content !== null) writeFileSync(file, content);
      process.env['GOOGLE_APPLICATION_CREDENTIALS'] = file;
      const uses = [
        () => openStore(folder, 'gs://bucket/store').create('k', new Uint8Array(1)),
        () => openStore(folder, 'gs://bucket/store').read('k'),
        () => openSource('gs://bucket/train.jsonl').describe(),
      ];
      for (const use of uses) {
        const error = await refusal(use);
        const remedy =
          'name a key file, or unset it and run `gcloud auth application-default login`';
        expect(error).toMatchObject({
          code: 'StorageDenied',
          message: `GOOGLE_APPLICATION_CREDENTIALS: ${file} ${problem}; ${remedy}`,
        });
        expect(inspect(error, { depth: 20 })).not.toContain(SECRET);
      }
    },
  );

  it('is refused where the key file is a folder', async () => {
    mkdirSync(join(folder, 'keys'));
    process.env['GOOGLE_APPLICATION_CREDENTIALS'] = join(folder, 'keys');
    expect(await refusal(() => openGcs())).toMatchObject({
      code: 'StorageDenied',
      message: expect.stringContaining('(EISDIR)') as string,
    });
  });

  it('is made once the key file is repaired, for user and workload credentials too', () => {
    const file = join(folder, 'key.json');
    process.env['GOOGLE_APPLICATION_CREDENTIALS'] = file;
    expect(() => openGcs()).toThrow('ENOENT');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    writeFileSync(
      file,
      account({ private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }) }),
    );
    expect(openGcs()).toBe(openGcs());
    const others = [
      { type: 'authorized_user', client_id: 'i', client_secret: 's', refresh_token: 'r' },
      {
        type: 'external_account',
        audience:
          '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        token_url: 'https://sts.googleapis.com/v1/token',
        credential_source: { file: '/var/run/token' },
      },
    ];
    others.forEach((credential, index) => {
      const other = join(folder, `other-${index}.json`);
      writeFileSync(other, JSON.stringify(credential));
      expect(() => openGcs({ GOOGLE_APPLICATION_CREDENTIALS: other })).not.toThrow();
    });
  });

  it('of an emulator needs no key file', () => {
    process.env['GOOGLE_APPLICATION_CREDENTIALS'] = join(folder, 'none.json');
    process.env['STORAGE_EMULATOR_HOST'] = '127.0.0.1:9';
    expect(openGcs().apiEndpoint).toBe('http://127.0.0.1:9');
    expect(process.env['STORAGE_EMULATOR_HOST']).toBe('127.0.0.1:9');
  });

  it('takes an empty STORAGE_EMULATOR_HOST for none, and leaves it as it is', () => {
    process.env['STORAGE_EMULATOR_HOST'] = '';
    const client = openGcs();
    expect([client.apiEndpoint, client.baseUrl]).toEqual([
      'https://storage.googleapis.com',
      'https://storage.googleapis.com/storage/v1',
    ]);
    expect(process.env['STORAGE_EMULATOR_HOST']).toBe('');
  });
});
