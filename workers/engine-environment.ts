/**
 * The environment of an engine process, which runs models from elsewhere: names it needs, taken
 * from the worker's environment, and nothing else. Payload keys and credentials of Temporal never
 * go there; those of a bucket do if the job's store is in one.
 */

/** System, Node, TensorFlow, CUDA and the engine's own settings. */
const PASSED = new Set([
  'PATH',
  'HOME',
  'TMPDIR',
  'TZ',
  'LANG',
  'LC_ALL',
  'LD_LIBRARY_PATH',
  'LD_PRELOAD',
  'NODE_OPTIONS',
  'CED_OBJECT_CACHE',
  'CED_OBJECT_CACHE_BYTES',
  'CED_REQUESTER_PAYS',
  'CED_SHARED_STORE',
  'CED_STANDSTILL_MS',
  'CED_USER_PROJECT',
]);
const PASSED_PREFIXES = [
  'TF_',
  'XLA_',
  'ONEDNN_',
  'DNNL_',
  'OMP_',
  'KMP_',
  'CUDA_',
  'NVIDIA_',
  'NCCL_',
  'MALLOC_',
];

/** How a client of Cloud Storage finds its credentials and its endpoint; one of S3: `AWS_…`. */
const PASSED_FOR_CLOUD_STORAGE = new Set([
  'GOOGLE_APPLICATION_CREDENTIALS',
  'GOOGLE_CLOUD_PROJECT',
  'GOOGLE_CLOUD_QUOTA_PROJECT',
  'GOOGLE_CLOUD_UNIVERSE_DOMAIN',
  'GCLOUD_PROJECT',
  'CLOUDSDK_CONFIG',
  'GCE_METADATA_HOST',
  'GCE_METADATA_IP',
  'METADATA_SERVER_DETECTION',
  'STORAGE_EMULATOR_HOST',
]);
const PREFIX_FOR_S3 = 'AWS_';

/** How both find their way out. */
const PASSED_FOR_BUCKETS = new Set([
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
]);

/** Names that pass too, joined by commas: a library or a file system may need one of its own. */
const ALSO_PASSED = 'CED_ENGINE_ENV';

/** The service that holds a job's store; null for this machine's file system. */
export type StoreService = 'gs' | 's3' | null;

export function serviceOf(store: string): StoreService {
  if (/^s3:\/\//i.test(store)) return 's3';
  return store.includes('://') ? 'gs' : null;
}

/** @param service of the stores that the jobs of the process read and write */
export function environmentForEngine(
  environment: NodeJS.ProcessEnv,
  service: StoreService,
): Record<string, string> {
  const also = new Set((environment[ALSO_PASSED] ?? '').split(',').map((name) => name.trim()));
  const passes = (name: string): boolean =>
    PASSED.has(name) ||
    also.has(name) ||
    PASSED_PREFIXES.some((prefix) => name.startsWith(prefix)) ||
    (service !== null && PASSED_FOR_BUCKETS.has(name.toUpperCase())) ||
    (service === 'gs' && PASSED_FOR_CLOUD_STORAGE.has(name.toUpperCase())) ||
    (service === 's3' && name.startsWith(PREFIX_FOR_S3));
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value !== undefined && passes(name) ? [[name, value]] : [],
    ),
  );
}
