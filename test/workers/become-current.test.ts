import type { NativeConnection } from '@temporalio/worker';
import { becomeCurrent, notYetCurrent } from '../../workers/deployment';

const build = { namespace: 'default', buildId: 'b1', always: false };

/** A server that registers the build when it is asked for the nth time. */
function serverThatIsLate(registersAt: number): { connection: NativeConnection; asked: string[] } {
  const asked: string[] = [];
  let listed = 0;
  const workflowService = {
    listWorkerDeployments: async () => {
      asked.push('list');
      listed++;
      if (listed === 2) throw new Error('Namespace not found');
      return {
        workerDeployments: listed < registersAt ? [] : [{ name: 'ced' }],
        nextPageToken: [],
      };
    },
    describeWorkerDeployment: async () => {
      if (listed < registersAt) throw new Error('no such deployment');
      const deploymentVersion = { deploymentName: 'ced', buildId: 'b1' };
      return {
        workerDeploymentInfo: {
          versionSummaries: [{ deploymentVersion, createTime: { seconds: 1, nanos: 0 } }],
          routingConfig: {
            currentDeploymentVersion: asked.includes('set') ? deploymentVersion : null,
          },
        },
      };
    },
    setWorkerDeploymentCurrentVersion: async () => void asked.push('set'),
  };
  return { connection: { workflowService } as unknown as NativeConnection, asked };
}

describe('a worker whose server registers builds late', () => {
  it('goes on asking until new runs begin on its build', async () => {
    const { connection, asked } = serverThatIsLate(8);
    const line = await becomeCurrent(connection, build, ['ced'], new AbortController().signal);
    expect(line).toBe('build b1, new runs begin on it');
    expect(asked.filter((each) => each === 'list').length).toBeGreaterThanOrEqual(8);
  });

  it('stops asking when it is stopped, and names the build meanwhile', async () => {
    const stopped = new AbortController();
    const { connection, asked } = serverThatIsLate(Infinity);
    const settled = becomeCurrent(connection, build, ['ced'], stopped.signal);
    while (asked.length < 3) await new Promise((resolve) => setImmediate(resolve));
    stopped.abort();
    expect(await settled).toBe('build b1 was stopped before new runs began on it');
    expect(notYetCurrent('b1')).toContain('--build-id b1');
  });
});
