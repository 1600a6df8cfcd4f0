import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RawClient } from '@reeve/testkit';
import { Metrics } from '../src/metrics.ts';
import { clientOf, type Served, served } from './served.ts';

let running: Served;
let client: RawClient;

beforeAll(async () => {
  running = await served();
  client = await clientOf(running.coordinator);
});
afterAll(async () => {
  await client.destroy();
  await running.stop();
});

async function scraped(): Promise<string> {
  return (await fetch(`http://127.0.0.1:${running.metricsPort}/metrics`)).text();
}

describe('metrics', () => {
  test('are text that Prometheus reads, at /metrics and nowhere else', async () => {
    const answer = await fetch(`http://127.0.0.1:${running.metricsPort}/metrics`);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect((await fetch(`http://127.0.0.1:${running.metricsPort}/`)).status).toBe(404);
    const text = await answer.text();
    expect(text).toContain('# TYPE znode_count gauge\nznode_count 5\n');
    expect(text).toContain('# TYPE connection_request_count counter\nconnection_request_count 1\n');
    expect(text).toMatch(/reeve_coordinator_info\{version="3\.8\.0-reeve",server_state="standalone"\} 1\n/);
    expect(text).toMatch(/# TYPE fsynctime summary\nfsynctime\{quantile="0.5"\} [\d.e-]+\n/);
    expect(text).toMatch(/fsynctime_sum [\d.]+\nfsynctime_count 2\n/);
  });

  test('agree with the admin command and with mntr', async () => {
    const { command, error, version, server_state, ...monitor } = await running.run('monitor');
    const text = await scraped();
    expect([command, error, version, server_state]).toEqual(['monitor', null, '3.8.0-reeve', 'standalone']);
    for (const [name, value] of Object.entries(monitor)) {
      const summary = /^(avg|min|max|cnt|sum|p\d+)_(\w+)$/.exec(name);
      if (summary !== null && text.includes(`# TYPE ${summary[2]} summary\n`)) continue;
      expect(text).toContain(`\n# TYPE ${name} `);
      if (name.endsWith('_count') && !name.startsWith('open_')) expect(text).toContain(`\n${name} ${value}\n`);
    }
  });

  test('follow what they measure from scrape to scrape', async () => {
    const received = async () => Number(/\nbytes_received_count (\d+)\n/.exec(await scraped())?.[1]);
    const before = await received();
    await client.exists('/here');
    expect(await received()).toBeGreaterThan(before);
  });

  test('are lines of the format, and nothing else', async () => {
    for (const line of (await scraped()).split('\n')) {
      expect(line).toMatch(
        /^$|^# (HELP|TYPE) [a-z_]+ .+$|^[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? -?[\d.e+-]+$/,
      );
    }
  });

  test('are each explained in the documentation, and of one alone nothing else is', async () => {
    const page = readFileSync(new URL('../../../../docs/metrics.md', import.meta.url), 'utf8');
    const [alone = ''] = page.split('## One member of several');
    const rows = alone.split('\n').filter((line) => line.startsWith('| `'));
    const explained = rows.flatMap((row) => (row.split('|')[1] ?? '').match(/[a-z_]+/g) ?? []);
    const served = [...(await scraped()).matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name);
    expect(explained.sort()).toEqual(served.sort());
  });

  test('tell of the process when they are asked to', async () => {
    const text = await new Metrics(() => running.coordinator.report(), 'exported').text();
    expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
    expect(text).toContain('process_resident_memory_bytes');
    expect(await scraped()).not.toContain('process_resident_memory_bytes');
  });
});
