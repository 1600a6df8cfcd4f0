import { describe, expect, test } from '@jest/globals';
import { messageOf } from '@reeve/base';
import { coordinatorConfig } from '../src/config.ts';
import { parseZooCfg } from '../src/zoo-cfg.ts';

const least = 'dataDir=/data\nclientPort=2181\n';
const defaults = coordinatorConfig({ dataDirectory: '/data', host: '*', port: 2181 });
const throttle = {
  tokensMax: 5,
  fillTokens: 1,
  fillMs: 1,
  newSessionTokens: 1,
  renewalTokens: 1,
  drop: undefined,
};
const drop = { intervalMs: 9, increase: 0.02, decrease: 0.002, relief: 0 };
const tokens = 'connectionMaxTokens=5\n';
const random = `${tokens}connectionFreezeTime=9\n`;
const weighed = `${tokens}zookeeper.connection_throttle_weight_enabled=true\n`;

function refusal(text: string): string {
  try {
    parseZooCfg(text, 'zoo.cfg');
    return '';
  } catch (error) {
    return messageOf(error);
  }
}

/** What a configuration says that the least of them does not. */
function said(text: string): object {
  const { config } = parseZooCfg(text, 'zoo.cfg');
  const fallback: Record<string, unknown> = { ...parseZooCfg(least, 'zoo.cfg').config };
  return Object.fromEntries(
    Object.entries(config).filter(
      ([key, value]) => key !== 'initialConfiguration' && JSON.stringify(value) !== JSON.stringify(fallback[key]),
    ),
  );
}

// Every key of the administrator's guide of 3.8 that means something here, but for those of TLS, SASL and operators.
const meant: [line: string, config: object, wrong: string | undefined, before?: string][] = [
  ['dataLogDir=/log', { logDirectory: '/log' }, ''],
  ['clientPortAddress=127.0.0.1', { host: '127.0.0.1' }, ''],
  ['tickTime=500', { tickMs: 500, sessionTimeoutMsMin: 1000, sessionTimeoutMsMax: 10_000 }, 'soon'],
  ['minSessionTimeout=5000', { sessionTimeoutMsMin: 5000 }, '5s'],
  ['maxSessionTimeout=60000', { sessionTimeoutMsMax: 60_000 }, '1e3'],
  ['maxClientCnxns=7', { connectionsPerAddressMax: 7 }, '-1'],
  ['maxCnxns=7', { connectionsMax: 7 }, '-1'],
  ['clientPortListenBacklog=50', { unacceptedConnectionsMax: 50 }, '-2'],
  ['clientPortListenBacklog=-1', {}, 'none'],
  ['snapCount=500', { snapshotEntries: 500 }, '1'],
  ['preAllocSize=1024', { segmentBytesMax: 1024 * 1024 }, '0'],
  ['txnLogSizeLimitInKb=2048', { segmentBytesMax: 2048 * 1024 }, '2M'],
  ['txnLogSizeLimitInKb=1', { segmentBytesMax: 64 * 1024 }, '-2'],
  ['txnLogSizeLimitInKb=-1', {}, '1.5'],
  ['4lw.commands.whitelist=*', { fourLetterWords: 'all' }, undefined],
  ['extendedTypesEnabled=true', { extendedTypes: 'enabled' }, 'yes'],
  ['forceSync=no', { sync: 'never' }, 'false'],
  ['jute.maxbuffer=2000000', { frameBytesMax: 2_000_000 }, '2MB'],
  ['znode.container.checkIntervalMs=500', { reapIntervalMs: 500 }, '0'],
  ['znode.container.maxNeverUsedIntervalMs=500', { containerNeverUsedMs: 500 }, '-1'],
  ['enforceQuota=true', { quotas: 'enforced' }, 'yes'],
  ['skipACL=yes', { accessLists: 'skipped' }, 'true'],
  ['reconfigEnabled=true', { reconfiguration: 'unimplemented' }, 'yes'],
  ['DigestAuthenticationProvider.superDigest=super:x=', { superDigest: 'super:x=' }, ''],
  ['DigestAuthenticationProvider.digestAlg=SHA3-256', { digestAlgorithm: 'sha3-256' }, 'RipeMD160'],
  ['DigestAuthenticationProvider.enabled=true', {}, 'false'],
  ['globalOutstandingLimit=500', { writesMax: 500 }, '0'],
  ['requestThrottleLimit=10', { requestsMax: 10 }, '-1'],
  ['request_throttle_max_requests=10', { requestsMax: 10 }, 'many'],
  ['request_throttle_max_requests=0', {}, '0.5'],
  ['throttledOpWaitTime=100', { requestWaitMsMax: 100 }, '-1'],
  ['throttled_op_wait_time=100', { requestWaitMsMax: 100 }, '1s'],
  ['connectionMaxTokens=5', { connectThrottle: throttle }, '-5'],
  ['connection_throttle_tokens=5', { connectThrottle: throttle }, 'five'],
  ['connectionTokenFillTime=10', { connectThrottle: { ...throttle, fillMs: 10 } }, '0', tokens],
  ['connectionTokenFillCount=2', { connectThrottle: { ...throttle, fillTokens: 2 } }, '0', tokens],
  ['connectionFreezeTime=9', { connectThrottle: { ...throttle, drop } }, '-2', tokens],
  ['connectionDropIncrease=0.5', { connectThrottle: { ...throttle, drop: { ...drop, increase: 0.5 } } }, '2', random],
  ['connectionDropDecrease=.5', { connectThrottle: { ...throttle, drop: { ...drop, decrease: 0.5 } } }, '-1', random],
  ['connectionDecreaseRatio=1', { connectThrottle: { ...throttle, drop: { ...drop, relief: 1 } } }, '1.1', random],
  [
    'connection_throttle_global_session_weight=4',
    {
      connectThrottle: { ...throttle, tokensMax: 20, fillTokens: 4, newSessionTokens: 4, renewalTokens: 2 },
    },
    '0',
    weighed,
  ],
  [
    'connection_throttle_renew_session_weight=1',
    {
      connectThrottle: { ...throttle, tokensMax: 15, fillTokens: 3, newSessionTokens: 3, renewalTokens: 1 },
    },
    '0',
    weighed,
  ],
  [
    'connection_throttle_local_session_weight=5',
    {
      connectThrottle: { ...throttle, tokensMax: 25, fillTokens: 5, newSessionTokens: 5, renewalTokens: 5 },
    },
    '0',
    weighed,
  ],
];

// Those that make no difference to a server of one that is built like this one.
const idle: [line: string, wrong: string][] = [
  ['initLimit=10', '0'],
  ['syncLimit=5', 'five'],
  ['connectToLearnerMasterLimit=5', '0'],
  ['electionAlg=3', '4'],
  ['leaderServes=yes', 'true'],
  ['peerType=observer', 'leader'],
  ['standaloneEnabled=false', 'no'],
  ['syncEnabled=true', 'yes'],
  ['observerMasterPort=2191', '99999'],
  ['observer.reconnectDelayMs=0', 'soon'],
  ['observer.election.DelayMs=200', 'soon'],
  ['quorumListenOnAllIPs=false', 'no'],
  ['cnxTimeout=5000', '5s'],
  ['quorumCnxnTimeoutMs=-1', '-2'],
  ['fastleader.minNotificationInterval=200', 'x'],
  ['fastleader.maxNotificationInterval=60000', 'x'],
  ['maxTimeToWaitForEpoch=-1', 'x'],
  ['maxConcurrentSnapSyncs=10', '-1'],
  ['maxConcurrentDiffSyncs=100', '-1'],
  ['tcpKeepAlive=true', '1'],
  ['clientTcpKeepAlive=true', '1'],
  ['electionPortBindRetry=3', '-1'],
  ['learner.closeSocketAsync=true', '1'],
  ['leader.closeSocketAsync=true', '1'],
  ['learner.asyncSending=true', '1'],
  ['forward_learner_requests_to_commit_processor_disabled=true', '1'],
  ['zookeeper.follower.skipLearnerRequestToNextProcessor=true', '1'],
  ['multiAddress.enabled=true', '1'],
  ['multiAddress.reachabilityCheckTimeoutMs=1000', '1s'],
  ['multiAddress.reachabilityCheckEnabled=true', '1'],
  ['localSessionsEnabled=true', 'yes'],
  ['localSessionsUpgradingEnabled=true', 'yes'],
  ['readonlymode.enabled=true', '1'],
  ['commitLogCount=500', '-1'],
  ['snapSizeLimitInKb=4194304', '4G'],
  ['maxResponseCacheSize=400', 'big'],
  ['maxGetChildrenResponseCacheSize=-1', 'big'],
  ['emulate353TTLNodes=true', '1'],
  ['watchManagerName=org.apache.zookeeper.server.watch.WatchManagerOptimized', ''],
  ['watcherCleanThreadsNum=2', '0'],
  ['watcherCleanThreshold=1000', '0'],
  ['watcherCleanIntervalInSeconds=600', '0'],
  ['maxInProcessingDeadWatchers=-1', 'x'],
  ['bitHashCacheSize=10', '0'],
  ['serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory', ''],
  ['flushDelay=10', 'x'],
  ['maxWriteQueuePollTime=3', 'x'],
  ['maxBatchSize=1000', '-1'],
  ['requestThrottleStallTime=100', 'x'],
  ['requestThrottleDropStale=true', '1'],
  ['requestStaleLatencyCheck=true', '1'],
  ['requestStaleConnectionCheck=true', '1'],
  ['zookeeper.request_throttler.shutdownTimeout=10000', 'x'],
  ['advancedFlowControlEnabled=true', '1'],
  ['enableEagerACLCheck=true', '1'],
  ['digest.enabled=false', '0'],
  ['snapshot.compression.method=gz', 'zip'],
  ['snapshot.trust.empty=true', '1'],
  ['largeRequestMaxBytes=1000', '0'],
  ['largeRequestThreshold=-1', 'x'],
  ['jute.maxbuffer.extrasize=1000', '-1'],
  ['zookeeper.nio.numSelectorThreads=1', '0'],
  ['zookeeper.nio.numWorkerThreads=0', '-1'],
  ['zookeeper.commitProcessor.numWorkerThreads=0', '-1'],
  ['zookeeper.commitProcessor.maxReadBatchSize=-1', 'x'],
  ['zookeeper.commitProcessor.maxCommitBatchSize=1', '0'],
  ['znode.container.maxPerMinute=10000', '0'],
  ['zookeeper.messageTracker.BufferSize=10', '0'],
  ['zookeeper.messageTracker.Enabled=true', '1'],
  ['authProvider=org.example.Provider', ''],
  ['zookeeper.ensembleAuthName=one,two', ''],
  ['outstandingHandshake.limit=250', 'x'],
  ['fips-mode=false', '0'],
  ['kerberos.canonicalizeHostNames=false', '0'],
];

// Those of TLS, SASL, metrics, audit and the admin server: what they mean is tested where they are taken.
const elsewhere: readonly string[] = [
  'secureClientPort=2281',
  'secureClientPortAddress=127.0.0.1',
  'client.portUnification=false',
  'ssl.keyStore.location=key.pem',
  'ssl.keyStore.password=secret',
  'ssl.keyStore.passwordPath=password',
  'ssl.keyStore.type=PEM',
  'ssl.trustStore.location=trust.pem',
  'ssl.trustStore.password=secret',
  'ssl.trustStore.passwordPath=password',
  'ssl.trustStore.type=PEM',
  'ssl.protocol=TLSv1.3',
  'ssl.enabledProtocols=TLSv1.3',
  'ssl.ciphersuites=TLS_AES_128_GCM_SHA256',
  'ssl.context.supplier.class=org.example.Supplier',
  'ssl.hostnameVerification=true',
  'ssl.crl=false',
  'ssl.ocsp=false',
  'ssl.clientAuth=want',
  'ssl.handshakeDetectionTimeoutMillis=5000',
  'ssl.authProvider=x509',
  'ssl.quorum.keyStore.location=key.pem',
  'sslQuorum=true',
  'netty.server.outstandingHandshake.limit=250',
  'netty.server.earlyDropSecureConnectionHandshakes=true',
  'authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider',
  'X509AuthenticationProvider.superUser=CN=admin',
  'zookeeper.superUser=admin',
  'superUser.1=admin',
  'sessionRequireClientSASLAuth=true',
  'enforce.auth.enabled=true',
  'enforce.auth.schemes=digest',
  'kerberos.removeHostFromPrincipal=true',
  'kerberos.removeRealmFromPrincipal=true',
  'admin.enableServer=true',
  'admin.serverAddress=127.0.0.1',
  'admin.serverPort=8081',
  'admin.idleTimeout=1000',
  'admin.commandURL=/commands',
  'admin.forceHttps=false',
  'admin.portUnification=false',
  'metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider',
  'metricsProvider.httpHost=127.0.0.1',
  'metricsProvider.httpPort=7000',
  'metricsProvider.exportJvmInfo=true',
  'metricsProvider.numWorkerThreads=1',
  'metricsProvider.maxQueueSize=1000',
  'metricsProvider.workerShutdownTimeoutMs=1000',
  'audit.enable=true',
  'audit.impl.class=org.apache.zookeeper.audit.Slf4jAuditLogger',
  'autopurge.snapRetainCount=3',
  'autopurge.purgeInterval=1',
  'fsync.warningthresholdms=1000',
];

/** Everything that is said of a configuration, be it taken or refused. */
function remarks(text: string): string {
  try {
    return parseZooCfg(text, 'zoo.cfg')
      .warnings.map(({ message }) => message)
      .join();
  } catch (error) {
    return messageOf(error);
  }
}

function wrongly(line: string, wrong: string): string {
  return line.replace(/=.*/, `=${wrong}`);
}

describe('a key that ZooKeeper documents', () => {
  test.each(meant)('%s is taken', (line, config, _, before = '') => {
    expect(said(`${least}${before}${line}`)).toEqual(config);
  });

  test.each(idle)('%s makes no difference, and is known', (line) => {
    expect(said(`${least}${line}`)).toEqual({});
    expect(parseZooCfg(`${least}${line}`, 'zoo.cfg').warnings).toEqual([]);
  });

  const mistakes = [...meant.map(([line, , wrong]) => [line, wrong] as const), ...idle].flatMap(([line, wrong]) =>
    wrong === undefined ? [] : [[line, wrong] as const],
  );
  test.each(mistakes)('%s cannot be "%s": the line is named, and what is allowed', (line, wrong) => {
    const wrongLine = wrongly(line, wrong);
    const named = wrongLine.replace(/^zookeeper\./, '');
    expect(refusal(`${least}${wrongLine}`)).toMatch(new RegExp(`^zoo.cfg, line 3: ${escaped(named)}: (must|may) `));
  });

  test.each(elsewhere)('%s is known', (line) => {
    expect(remarks(`${least}${line}`)).not.toContain('unknown key');
  });

  test('of the weights and groups of members makes no difference to a server alone', () => {
    expect(parseZooCfg(`${least}group.1=1:2\nweight.1=2`, 'zoo.cfg')).toMatchObject({ warnings: [] });
  });

  test('skipACL says what it opens', () => {
    const { warnings } = parseZooCfg(`${least}skipACL=yes`, 'zoo.cfg');
    expect(warnings).toMatchObject([{ key: 'skipACL', line: 3, message: expect.stringContaining('bind nobody') }]);
  });

  test.each(['a', 'a:1', 'a:1:2:voter', 'a:1:2;b', 'a:1:2;2181:x'])('server.1=%s is refused', (value) => {
    expect(refusal(`${least}server.1=${value}`)).toContain(`server.1=${value}: must be host:port:port`);
  });

  test('may be left out', () => {
    expect(defaults).toMatchObject({ quotas: 'counted', accessLists: 'checked', connectThrottle: undefined });
  });
});

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
