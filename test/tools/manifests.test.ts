import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { validate } from 'dockerfile-utils';
import { manifestCheckBinary, repositoryRoot } from '../../infra/toolchain';
import { parseWorkerOptions } from '../../workers/worker-options';
import { SEARCH_ATTRIBUTES, TASK_QUEUES } from '../../workflows/contract/names';

interface Container {
  name: string;
  image: string;
  args: string[];
  env?: { name: string; valueFrom: object }[];
  ports: { name: string }[];
  securityContext: Record<string, unknown>;
  livenessProbe: { httpGet: { port: string } };
}
interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string };
  data?: Record<string, string>;
  spec: {
    replicas?: number;
    maxReplicaCount?: number;
    triggers?: { type: string; metadata: Record<string, string> }[];
    template: {
      metadata: { labels: Record<string, string> };
      spec: {
        terminationGracePeriodSeconds: number;
        nodeSelector?: Record<string, string>;
        tolerations?: { key: string }[];
        initContainers?: Container[];
        containers: Container[];
      };
    };
  };
}

interface NetworkPolicySpec {
  podSelector: object;
  policyTypes: string[];
  ingress: { from?: object[]; ports: { port?: number | string }[] }[];
  egress: {
    to: { ipBlock?: { cidr: string; except?: string[] } }[];
    ports: { port: number }[];
  }[];
}

function check(
  kind: 'kubernetes' | 'compose',
  paths: string[],
  environment: Record<string, string> = {},
): { stdout: string; stderr: string } {
  return spawnSync(manifestCheckBinary(), [kind, ...paths], {
    cwd: join(repositoryRoot, 'infra'),
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', ...environment },
  });
}

function kubernetes(directory: string): Manifest[] {
  const { stdout, stderr } = check('kubernetes', [`kubernetes/${directory}`]);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Manifest[];
}

const kustomizations = [
  'base',
  ...['autoscaled', 'peers', 'temporal-cloud'].map((overlay) => `overlays/${overlay}`),
];

const deployment = (
  objects: Manifest[],
  name: string,
): Manifest['spec']['template']['spec'] & { replicas?: number } => {
  const found = objects.find(
    ({ kind, metadata }) => kind === 'Deployment' && metadata.name === name,
  )!;
  return {
    ...found.spec.template.spec,
    ...(found.spec.replicas === undefined ? {} : { replicas: found.spec.replicas }),
  };
};

/**
 * Images of others, without tag and digest: a tag may name another image tomorrow. Our own has no
 * digest before it is built.
 */
const unpinned = (images: readonly string[]): string[] =>
  images.filter(
    (image) =>
      !/^ced-distillation:(?:cpu|gpu)$/.test(image) &&
      !/^[^:@]+:[^:@]+@sha256:[0-9a-f]{64}$/.test(image),
  );

describe('the Kubernetes manifests', () => {
  it.each(kustomizations)(
    '%s builds, and every field is one that Kubernetes and KEDA know',
    (directory) => {
      expect(kubernetes(directory).length).toBeGreaterThan(5);
    },
  );

  it('give workers options that they take', () => {
    const objects = kubernetes('base');
    for (const name of ['cpu-worker', 'gpu-worker'])
      for (const { args } of deployment(objects, name).containers)
        expect(parseWorkerOptions(args, {})).toMatchObject({
          queues: expect.anything() as unknown,
        });
  });

  it('leave a step the 25 seconds that a worker gives it, and a little more', () => {
    const objects = kubernetes('base');
    for (const name of ['cpu-worker', 'gpu-worker'])
      expect(deployment(objects, name).terminationGracePeriodSeconds).toBeGreaterThanOrEqual(35);
  });

  it('run as nobody in particular, on a file system of their own that they cannot write to', () => {
    for (const name of ['cpu-worker', 'gpu-worker'])
      for (const { securityContext } of deployment(kubernetes('base'), name).containers)
        expect(securityContext).toMatchObject({
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
        });
  });

  it('put the GPU worker on spot nodes with a GPU', () => {
    const { nodeSelector, tolerations } = deployment(kubernetes('base'), 'gpu-worker');
    expect(Object.keys(nodeSelector ?? {})).toContain('cloud.google.com/gke-accelerator');
    expect(tolerations?.map(({ key }) => key)).toEqual(
      expect.arrayContaining(['nvidia.com/gpu', 'cloud.google.com/gke-spot']),
    );
  });

  it("let only the autoscaler set the number of GPU workers, by their queue's backlog", () => {
    const objects = kubernetes('overlays/autoscaled');
    expect(deployment(objects, 'gpu-worker').replicas).toBeUndefined();
    const [trigger] = objects.find(({ kind }) => kind === 'ScaledObject')?.spec.triggers ?? [];
    expect(trigger).toMatchObject({
      type: 'temporal',
      metadata: { taskQueue: TASK_QUEUES.gpu, queueTypes: 'activity' },
    });
  });

  it('let a worker call the web, Temporal, DNS and metadata, and no other private host', () => {
    const policies = kubernetes('base').filter(({ kind }) => kind === 'NetworkPolicy');
    const ports: Record<string, number[]> = {};
    for (const { spec } of policies as unknown as { spec: NetworkPolicySpec }[]) {
      expect(spec.policyTypes).toContain('Egress');
      for (const { to, ports: open } of spec.egress)
        for (const { ipBlock } of to) {
          if (!ipBlock) continue;
          (ports[ipBlock.cidr] ??= []).push(...open.map(({ port }) => port));
          if (ipBlock.cidr === '0.0.0.0/0')
            expect(ipBlock.except).toEqual(
              expect.arrayContaining(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16']),
            );
        }
    }
    expect(ports).toEqual({
      '0.0.0.0/0': [443, 7233],
      '169.254.20.10/32': [53, 53],
      '169.254.169.254/32': [80, 988],
      '169.254.169.252/32': [80, 988],
    });
  });

  it('let nobody connect to a worker but to its metrics, and peers to each other', () => {
    const policies = kubernetes('base').filter(({ kind }) => kind === 'NetworkPolicy');
    const specs = new Map(
      policies.map(({ metadata, spec }) => [metadata.name, spec as unknown as NetworkPolicySpec]),
    );
    expect(specs.get('workers')?.ingress).toEqual([
      { ports: [{ port: 'metrics', protocol: 'TCP' }] },
    ]);
    const peers = { podSelector: { matchLabels: { 'ced-distillation/peers': 'true' } } };
    const anyPort = [{ protocol: 'TCP' }];
    expect(specs.get('peers')).toEqual({
      ...peers,
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: [peers], ports: anyPort }],
      egress: [{ to: [peers], ports: anyPort }],
    });
    expect(specs.size).toBe(2);
  });

  it.each(kustomizations)('%s opens that policy for GPU workers that have peers', (directory) => {
    const objects = kubernetes(directory);
    const withLabel = objects.flatMap(({ kind, metadata, spec }) =>
      kind === 'Deployment' && spec.template.metadata.labels['ced-distillation/peers'] === 'true'
        ? [metadata.name]
        : [],
    );
    const withAddress = ['cpu-worker', 'gpu-worker'].filter((name) =>
      deployment(objects, name).containers.some(({ env }) =>
        env?.some(
          (each) =>
            each.name === 'CED_PEERS' &&
            JSON.stringify(each.valueFrom) === '{"fieldRef":{"fieldPath":"status.podIP"}}',
        ),
      ),
    );
    expect(withLabel).toEqual(directory.endsWith('peers') ? ['gpu-worker'] : []);
    expect(withAddress).toEqual(withLabel);
  });

  it('name the images of others by digest', () => {
    const images = kustomizations
      .flatMap(kubernetes)
      .flatMap(({ spec }) => (spec as Partial<Manifest['spec']> | undefined)?.template?.spec ?? [])
      .flatMap(({ containers, initContainers = [] }) => [...containers, ...initContainers])
      .map(({ image }) => image);
    expect(images.length).toBeGreaterThan(5);
    expect(unpinned(images)).toEqual([]);
  });

  it('keep no secret', () => {
    for (const directory of kustomizations)
      expect(kubernetes(directory).map(({ kind }) => kind)).not.toContain('Secret');
  });
});

describe('the compose files', () => {
  const compose = (
    ...files: string[]
  ): {
    services: Record<
      string,
      { image: string; command?: string[] | null; ports?: { host_ip?: string }[] }
    >;
  } => {
    const { stdout, stderr } = check(
      'compose',
      files.map((file) => `compose/${file}`),
      { POSTGRES_PASSWORD: 'only-for-this-test' },
    );
    expect(stderr).toBe('');
    return (JSON.parse(stdout) as [ReturnType<typeof compose>])[0];
  };

  it('load as Docker Compose loads them, alone and with a GPU', () => {
    expect(Object.keys(compose('compose.yaml').services)).toEqual(
      expect.arrayContaining(['cpu-worker', 'gpu-worker', 'temporal', 'database', 'storage', 'ui']),
    );
    expect(JSON.stringify(compose('compose.yaml', 'gpu.yaml').services['gpu-worker'])).toContain(
      'nvidia',
    );
  });

  it('publish every port on loopback only', () => {
    const ports = Object.values(compose('compose.yaml').services).flatMap(
      (service) => service.ports ?? [],
    );
    expect(ports.map(({ host_ip }) => host_ip)).toEqual(ports.map(() => '127.0.0.1'));
    expect(ports.length).toBeGreaterThan(2);
  });

  it('name the images of others by digest', () => {
    const images = Object.values(compose('compose.yaml', 'gpu.yaml').services);
    expect(images.length).toBeGreaterThan(5);
    expect(unpinned(images.map(({ image }) => image))).toEqual([]);
  });

  it('have no password of their own', () => {
    expect(check('compose', ['compose/compose.yaml']).stderr).toContain(
      'required variable POSTGRES_PASSWORD is missing',
    );
  });

  it('register the search attributes that workflows set, with their types', () => {
    const [line = ''] = compose('compose.yaml').services['search-attributes']?.command ?? [];
    const spelled = { KEYWORD: 'Keyword', INT: 'Int', DOUBLE: 'Double' } as const;
    for (const [name, type] of Object.entries(SEARCH_ATTRIBUTES))
      expect(line).toContain(`--name ${name} --type ${spelled[type]}`);
  });
});

describe('the container files', () => {
  const folder = join(repositoryRoot, 'infra', 'containers');
  it.each(readdirSync(folder))('%s is valid', (file) => {
    expect(validate(readFileSync(join(folder, file), 'utf8'))).toEqual([]);
  });

  it.each(readdirSync(folder))('%s starts from images by digest', (file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    const stages = [...text.matchAll(/^FROM (\S+)(?: AS (\S+))?$/gm)];
    const names = stages.map(([, , name]) => name);
    const images = [
      ...stages.map(([, image = '']) => image),
      ...[...text.matchAll(/--from=(\S+)/g)].map(([, from = '']) => from),
    ].filter((image) => !names.includes(image));
    expect(images.length).toBe(2);
    expect(unpinned(images)).toEqual([]);
  });

  it.each(readdirSync(folder))(
    '%s ends as an unprivileged user and starts the worker with options that it takes',
    (file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      expect(text.match(/^USER .*$/gm)?.at(-1)).toBe('USER node');
      const words = (instruction: string): string[] =>
        JSON.parse(
          new RegExp(`^${instruction} (\\[.*\\])$`, 'm').exec(text)?.[1] ?? '[]',
        ) as string[];
      expect(
        parseWorkerOptions([...words('ENTRYPOINT').slice(2), ...words('CMD')], {}),
      ).not.toBeNull();
    },
  );
});
