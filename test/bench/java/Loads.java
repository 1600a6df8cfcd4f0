package bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.CuratorCacheListener;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryNTimes;
import org.apache.curator.x.discovery.ServiceCache;
import org.apache.curator.x.discovery.ServiceDiscovery;
import org.apache.curator.x.discovery.ServiceDiscoveryBuilder;
import org.apache.curator.x.discovery.ServiceInstance;
import org.apache.curator.x.discovery.details.ServiceCacheListener;
import org.apache.zookeeper.data.Stat;

/** What is measured of Curator; reeve-loads.ts measures the same of Reeve. */
final class Loads {
  private static final double NS_PER_MS = 1e6;
  private static final int PATIENCE_SECONDS = 120;
  private static final int POLL_MS = 2;
  /** For whoever came last to the line to find its place, so that a hand-over is measured and nothing else. */
  private static final int REST_MS = 10;

  private final CuratorBench bench;
  private final Map<String, Publication> publications = new ConcurrentHashMap<>();
  private final Map<String, CountDownLatch> gone = new ConcurrentHashMap<>();

  Loads(CuratorBench bench) {
    this.bench = bench;
  }

  interface Work {
    void run(int nth) throws Exception;
  }

  Object perform(String what, JsonNode told) throws Exception {
    String path = told.get("path").asText();
    switch (what) {
      case "handOver":
        return handOver(path, told.get("waiters").asInt(), told.get("sessions").asInt(), told.get("count").asInt());
      case "add":
        return add(path, told.get("adders").asInt(), told.get("seconds").asInt());
      case "queue":
        return new QueueLoads(bench).acknowledged(path, told);
      case "simpleQueue":
        return new QueueLoads(bench).simple(path, told);
      case "subscribe":
        publications.put(path, new Publication(path, told));
        return null;
      case "publish":
        return publications.get(path).publish(told.get("count").asInt());
      case "register":
        return register(path);
      case "watch":
        return watch(path, told.get("views").asInt());
      case "gone":
        return awaited(gone.get(path));
      default:
        throw new IllegalArgumentException("nobody measures " + what);
    }
  }

  /** Does the work in many threads, and waits for all of them. */
  static void together(int threads, Work work) throws Exception {
    ExecutorService running = Executors.newFixedThreadPool(threads);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < threads; i += 1) {
        int nth = i;
        all.add(running.submit(() -> {
          work.run(nth);
          return null;
        }));
      }
      for (Future<?> one : all) one.get();
    } finally {
      running.shutdownNow();
    }
  }

  /** Milliseconds from each release to the next one's having it; each is released when the line is full again. */
  private Object handOver(String path, int waiters, int sessions, int count) throws Exception {
    List<CuratorFramework> curators = bench.sessions(sessions);
    List<Double> tookMs = Collections.synchronizedList(new ArrayList<>());
    AtomicLong releasedNs = new AtomicLong();
    AtomicInteger left = new AtomicInteger(count + 1);
    together(waiters + 1, nth -> {
      CuratorFramework curator = curators.get(nth % sessions);
      InterProcessMutex mutex = new InterProcessMutex(curator, path);
      while (left.get() > 0) {
        mutex.acquire();
        long hadNs = System.nanoTime();
        if (left.getAndDecrement() > 0) {
          if (releasedNs.get() > 0) tookMs.add((hadNs - releasedNs.get()) / NS_PER_MS);
          if (left.get() > 0) untilFull(curator, path, waiters + 1);
        }
        releasedNs.set(System.nanoTime());
        mutex.release();
      }
    });
    return Map.of("tookMs", tookMs);
  }

  private static void untilFull(CuratorFramework curator, String path, int many) throws Exception {
    for (;;) {
      Stat stat = curator.checkExists().forPath(path);
      if (stat != null && stat.getNumChildren() >= many) break;
      Thread.sleep(POLL_MS);
    }
    Thread.sleep(REST_MS);
  }

  private Object add(String path, int adders, int seconds) throws Exception {
    List<CuratorFramework> curators = bench.sessions(adders);
    AtomicLong added = new AtomicLong();
    List<Double> tookMs = Collections.synchronizedList(new ArrayList<>());
    long startedNs = System.nanoTime();
    long endNs = startedNs + TimeUnit.SECONDS.toNanos(seconds);
    together(adders, nth -> {
      DistributedAtomicLong counter =
          new DistributedAtomicLong(curators.get(nth), path, new RetryNTimes(1_000_000, 1));
      while (System.nanoTime() < endNs) {
        long beganNs = System.nanoTime();
        if (counter.increment().succeeded()) added.incrementAndGet();
        tookMs.add((System.nanoTime() - beganNs) / NS_PER_MS);
      }
    });
    double tookS = (System.nanoTime() - startedNs) / NS_PER_MS / 1000;
    DistributedAtomicLong counter = new DistributedAtomicLong(curators.get(0), path, new RetryNTimes(1, 1));
    if (counter.get().postValue() != added.get()) throw new AssertionError("the counter is wrong");
    return Map.of("perS", added.get() / tookS, "tookMs", tookMs);
  }

  /** A znode and those who follow it. */
  private final class Publication {
    private final CuratorFramework publisher;
    private final String path;
    private final int subscribers;
    private volatile CountDownLatch heard = new CountDownLatch(0);
    private volatile String expected = "";

    Publication(String path, JsonNode told) throws Exception {
      this.path = path;
      this.subscribers = told.get("subscribers").asInt();
      List<CuratorFramework> curators = bench.sessions(told.get("sessions").asInt() + 1);
      publisher = curators.get(0);
      publisher.create().creatingParentsIfNeeded().forPath(path, "0".getBytes(UTF_8));
      CountDownLatch ready = new CountDownLatch(subscribers);
      for (int i = 0; i < subscribers; i += 1) {
        CuratorFramework curator = curators.get(1 + i % (curators.size() - 1));
        CuratorCache cache = CuratorCache.build(curator, path, CuratorCache.Options.SINGLE_NODE_CACHE);
        cache.listenable().addListener(CuratorCacheListener.builder()
            .forInitialized(ready::countDown)
            .forChanges((before, after) -> {
              if (new String(after.getData(), UTF_8).equals(expected)) heard.countDown();
            })
            .build());
        cache.start();
      }
      awaited(ready);
    }

    Object publish(int count) throws Exception {
      List<Double> tookMs = new ArrayList<>();
      for (int i = 1; i <= count; i += 1) {
        heard = new CountDownLatch(subscribers);
        expected = String.valueOf(i);
        long beganNs = System.nanoTime();
        publisher.setData().forPath(path, expected.getBytes(UTF_8));
        awaited(heard);
        tookMs.add((System.nanoTime() - beganNs) / NS_PER_MS);
      }
      return Map.of("tookMs", tookMs);
    }
  }

  private ServiceDiscovery<Void> discovery(CuratorFramework curator, String path) throws Exception {
    ServiceDiscovery<Void> discovery =
        ServiceDiscoveryBuilder.builder(Void.class).client(curator).basePath(path).build();
    discovery.start();
    return discovery;
  }

  private Object register(String path) throws Exception {
    ServiceInstance<Void> instance =
        ServiceInstance.<Void>builder().name("bench").address("127.0.0.1").port(1).build();
    discovery(bench.sessions(1).get(0), path).registerService(instance);
    return null;
  }

  /** Follows the instances with many caches, and waits until each of them sees one. */
  private Object watch(String path, int views) throws Exception {
    List<CuratorFramework> curators = bench.sessions(views);
    CountDownLatch without = new CountDownLatch(views);
    CountDownLatch with = new CountDownLatch(views);
    for (CuratorFramework curator : curators) {
      ServiceCache<Void> cache = discovery(curator, path).serviceCacheBuilder().name("bench").build();
      cache.addListener(new ServiceCacheListener() {
        @Override
        public void cacheChanged() {
          if (cache.getInstances().isEmpty()) without.countDown();
          else with.countDown();
        }

        @Override
        public void stateChanged(CuratorFramework any, ConnectionState state) {}
      });
      cache.start();
      if (!cache.getInstances().isEmpty()) with.countDown();
    }
    gone.put(path, without);
    return awaited(with);
  }

  /** When it was over, milliseconds since the epoch. */
  static long awaited(CountDownLatch latch) throws Exception {
    if (!latch.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) throw new AssertionError("not in time");
    return System.currentTimeMillis();
  }
}
