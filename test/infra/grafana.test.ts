import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { pythonWithMonitors, repositoryRoot } from '../../infra/toolchain';

interface Panel {
  id: number;
  title: string;
  description: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets: { expr: string }[];
}
const file = join(repositoryRoot, 'infra/grafana/ced-distillation.json');
const dashboard = JSON.parse(readFileSync(file, 'utf8')) as {
  panels: Panel[];
  templating: { list: { name: string }[] };
};
const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

describe('the Grafana dashboard', () => {
  it('passes through Grafana’s own schema and loses nothing', () => {
    const script = `
import json, sys
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
register_default_plugins()
dashboard = Dashboard.from_json(json.load(open(sys.argv[1])))
print(JSONEncoder(sort_keys=True, indent=2).encode(dashboard))`;
    const read = execFileSync(pythonWithMonitors(), ['-c', script, file], { encoding: 'utf8' });
    // It adds its defaults.
    expect(JSON.parse(read)).toMatchObject(dashboard);
  });

  it.each(expressions)('asks in PromQL: %s', (expr) => {
    const asked = expr.replace(/"\$\w+"/g, '".*"');
    const faults: string[] = [];
    parser.parse(asked).iterate({
      enter: (node) => void (node.type.isError && faults.push(`${node.name} at ${node.from}`)),
    });
    expect(faults).toEqual([]);
  });

  it('shows what chooses epochs, with labels and without', () => {
    for (const metric of ['ced_validation_map', 'ced_validation_divergence'])
      expect(expressions).toContainEqual(expect.stringContaining(metric));
  });

  it('asks only for variables that it has', () => {
    const known = new Set(dashboard.templating.list.map(({ name }) => name));
    for (const [, name] of JSON.stringify(dashboard).matchAll(/\$\{?([a-z]\w*)/g))
      expect(known).toContain(name);
  });

  it('says of every panel what it shows, and lets none lie upon another', () => {
    for (const { title, description } of dashboard.panels)
      expect([title, description]).not.toContain('');
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)} ${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });
});
