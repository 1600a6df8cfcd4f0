package interop;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.curator.RetryPolicy;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.ExponentialBackoffRetry;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.Watcher.Event.KeeperState;

/** What a case works with: a root of its own, clients that are closed behind it, and words to expect with. */
final class Stage implements AutoCloseable {
  /** What most sessions ask for, milliseconds. */
  static final int SESSION_MS = 8_000;

  private static final int DEADLINE_SECONDS = 60;
  private static final BufferedReader RUNNER = new BufferedReader(new InputStreamReader(System.in));

  final String address;
  final String root;
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  Stage(String address, String root) throws Exception {
    this.address = address;
    this.root = root;
    try (ZooKeeper owner = connected(address, SESSION_MS)) {
      owner.create(root, null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    }
  }

  /** Where each server is that the case knows. */
  List<String> places() {
    return List.of(address.split(","));
  }

  /** Has it closed when the case ends, last opened first. */
  synchronized <T extends AutoCloseable> T closing(T resource) {
    opened.push(resource);
    return resource;
  }

  @Override
  public synchronized void close() {
    for (AutoCloseable resource : opened) {
      try {
        resource.close();
      } catch (Exception e) {
        // A case may have closed or cut off what it opened.
        continue;
      }
    }
  }

  static ZooKeeper connected(String address, int sessionMs) throws Exception {
    CountDownLatch connected = new CountDownLatch(1);
    ZooKeeper client = new ZooKeeper(address, sessionMs, event -> {
      if (event.getState() == KeeperState.SyncConnected) connected.countDown();
    });
    if (!connected.await(DEADLINE_SECONDS, TimeUnit.SECONDS)) throw new AssertionError("no session at " + address);
    return client;
  }

  /** ZooKeeper's own client, at this case's root. */
  ZooKeeper client() throws Exception {
    return closing(connected(address + root, SESSION_MS));
  }

  /** Curator, at this case's root. */
  CuratorFramework curator() throws Exception {
    return curatorAt(address, SESSION_MS);
  }

  CuratorFramework curatorAt(String otherAddress, int sessionMs) throws Exception {
    return curatorAt(otherAddress, sessionMs, new ExponentialBackoffRetry(50, 20, 500));
  }

  CuratorFramework curatorAt(String otherAddress, int sessionMs, RetryPolicy retries) throws Exception {
    return started(CuratorFrameworkFactory.builder()
        .connectString(otherAddress + root)
        .sessionTimeoutMs(sessionMs)
        .connectionTimeoutMs(2_000)
        // A client whose way is cut must not find another one in the description of the ensemble.
        .ensembleTracker(false)
        .retryPolicy(retries));
  }

  CuratorFramework started(CuratorFrameworkFactory.Builder builder) throws Exception {
    CuratorFramework framework = closing(builder.build());
    framework.start();
    that("Curator is connected", framework.blockUntilConnected(DEADLINE_SECONDS, TimeUnit.SECONDS));
    return framework;
  }

  /** Ends a session as its time-out would: another client takes it over and closes it. */
  void expire(ZooKeeper victim) throws Exception {
    eventually("the session is expired", () -> {
      ZooKeeper thief =
          new ZooKeeper(address, SESSION_MS, event -> {}, victim.getSessionId(), victim.getSessionPasswd());
      eventually("the session is taken over", () -> thief.getState().isConnected() || !thief.getState().isAlive());
      // Should the victim be quick to take it back, this closes nothing.
      thief.close();
      Thread.sleep(100);
      return !victim.getState().isAlive();
    });
  }

  /** Has the runner do something to the server, or to the leader: start, stop, kill, pause or resume it. */
  void server(String what) throws Exception {
    perform("{\"engine\": \"" + what + "\"}");
  }

  /** Has the runner do something to one member of an ensemble. */
  void member(String what, String place) throws Exception {
    perform("{\"engine\": \"" + what + "\", \"at\": \"" + place + "\"}");
  }

  private static void perform(String deed) throws Exception {
    System.out.println(deed);
    same("done", RUNNER.readLine());
  }

  static void that(String what, boolean holds) {
    if (!holds) throw new AssertionError("not so: " + what);
  }

  static void same(Object expected, Object actual) {
    if (!Objects.equals(expected, actual)) throw new AssertionError("expected " + expected + ", got " + actual);
  }

  static void fails(KeeperException.Code code, Callable<?> call) throws Exception {
    try {
      call.call();
    } catch (KeeperException e) {
      same(code, e.code());
      return;
    }
    throw new AssertionError("expected " + code + ", got an answer");
  }

  /** Waits until it holds; what it throws meanwhile counts as not yet. */
  static void eventually(String what, Callable<Boolean> condition) throws Exception {
    Exception last = null;
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
    do {
      try {
        if (condition.call()) return;
      } catch (KeeperException | IllegalStateException e) {
        last = e;
      }
      Thread.sleep(20);
    } while (System.nanoTime() < deadline);
    throw new AssertionError("did not happen in time: " + what, last);
  }
}
