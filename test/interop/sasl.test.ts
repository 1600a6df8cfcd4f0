import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { startApacheZooKeeper, startReeveCoordinator, temporaryDirectory } from '@reeve/testkit';
import { CASE_DEADLINE_MS, type ForeignCases } from './foreign-cases.ts';
import { casesOf, compileCases, requireJava, startChapter } from './java.ts';
import { requireKazoo, startKazoo } from './kazoo.ts';

requireJava();
requireKazoo();

const module = 'org.apache.zookeeper.server.auth.DigestLoginModule required';
/** The passwords that the server knows, kazoo's among them, and what Java's clients say. */
const jaas = `
  Server { ${module} user_super="super_secret" user_jaasuser="jaas_password" user_ann="pw" user_bob="hi"; };
  Ann { ${module} username="ann" password="pw"; };
  Bob { ${module} username="bob" password="hi"; };
  Wrong { ${module} username="ann" password="guess"; };
`;

const kazooCases = ['TestLegacySASLDigestAuthentication', 'TestSASLDigestAuthentication'].flatMap((group) =>
  ['test_connect_sasl_auth', 'test_invalid_sasl_auth'].map((name) => `test_sasl.py::${group}::${name}`),
);

const provider = 'authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider';
const engines = ['Apache ZooKeeper', 'Reeve'] as const;

async function startEngines(jaasProperty: string) {
  return {
    'Apache ZooKeeper': await startApacheZooKeeper({ config: [provider], properties: [jaasProperty] }),
    Reeve: await startReeveCoordinator({ config: [provider, jaasProperty] }),
  };
}

describe('names that are proven by SASL', () => {
  let java: Readonly<Record<(typeof engines)[number], ForeignCases>>;
  let kazoo: ForeignCases;

  beforeAll(async () => {
    const classes = await compileCases();
    const file = join(temporaryDirectory(), 'jaas.conf');
    writeFileSync(file, jaas);
    const properties = [`java.security.auth.login.config=${file}`];
    const started = await startEngines(properties[0] as string);
    const start = (engine: (typeof engines)[number]) =>
      startChapter({ chapter: 'sasl', classes, properties, engine: started[engine] });
    java = { 'Apache ZooKeeper': await start('Apache ZooKeeper'), Reeve: await start('Reeve') };
    kazoo = await startKazoo(started.Reeve, kazooCases);
  }, CASE_DEADLINE_MS);

  describe.each(engines)('by Java clients to %s:', (engine) => {
    test.each(casesOf('sasl'))(
      '%s',
      async (name) => expect(await java[engine].outcome(name)).toBe('passed'),
      CASE_DEADLINE_MS,
    );
  });

  test.each(kazooCases)(
    "by kazoo's own tests to Reeve: %s",
    async (name) => expect(await kazoo.outcome(name)).toBe('passed'),
    CASE_DEADLINE_MS,
  );
});
