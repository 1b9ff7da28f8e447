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

/** How a client of Cloud Storage finds its credentials, its endpoint and its way out. */
const PASSED_FOR_BUCKETS = new Set([
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
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
]);

/** Names that pass too, joined by commas: a library or a file system may need one of its own. */
const ALSO_PASSED = 'CED_ENGINE_ENV';

/** Whether a job's store is outside this machine's file system. */
export function isInBucket(store: string): boolean {
  return store.includes('://');
}

/** @param inBucket whether the jobs of the process read and write a bucket */
export function environmentForEngine(
  environment: NodeJS.ProcessEnv,
  inBucket: boolean,
): Record<string, string> {
  const also = new Set((environment[ALSO_PASSED] ?? '').split(',').map((name) => name.trim()));
  const passes = (name: string): boolean =>
    PASSED.has(name) ||
    also.has(name) ||
    PASSED_PREFIXES.some((prefix) => name.startsWith(prefix)) ||
    (inBucket && PASSED_FOR_BUCKETS.has(name.toUpperCase()));
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value !== undefined && passes(name) ? [[name, value]] : [],
    ),
  );
}
